package import Model

/// What a run did, in numbers.
package struct RunSummary: Hashable, Sendable {
  package var run: RunID
  package var job: JobName
  /// Empty for a job without matrix.
  package var matrixRow: String
  package var label: String?
  package var revision: Int
  package var rows: RowCounts
  package var chunks: Int
  /// Rows of the result.
  package var resultRows: Int64
  package var hash: String
  package var seconds: Double
  package var sinks: [Sink]
  /// Hits and misses of each `lookup` step, in the steps' order.
  package var lookups: [LookupTally]
  package var warnings: [String]
  /// The run whose rejected rows this one processed again.
  package var replayOf: RunID?

  package struct Sink: Hashable, Sendable {
    package var target: String
    package var rows: Int64
    package var deleted: Int64
    /// An earlier attempt had published it.
    package var wasPublished: Bool

    package init(target: String, rows: Int64, deleted: Int64, wasPublished: Bool) {
      self.target = target
      self.rows = rows
      self.deleted = deleted
      self.wasPublished = wasPublished
    }
  }

  package init(
    run: RunID, job: JobName, matrixRow: String, label: String?, revision: Int, rows: RowCounts, chunks: Int,
    resultRows: Int64, hash: String, seconds: Double, sinks: [Sink], warnings: [String],
    lookups: [LookupTally] = [], replayOf: RunID? = nil
  ) {
    self.run = run
    self.job = job
    self.matrixRow = matrixRow
    self.label = label
    self.revision = revision
    self.rows = rows
    self.chunks = chunks
    self.resultRows = resultRows
    self.hash = hash
    self.seconds = seconds
    self.sinks = sinks
    self.warnings = warnings
    self.lookups = lookups
    self.replayOf = replayOf
  }

  /// For receipts and `--json`.
  package var json: JSONValue {
    .object([
      .init("run", .string(run.text)), .init("job", .string(job.text)),
      .init("matrix_row", .optional(matrixRow.isEmpty ? nil : matrixRow)),
      .init("interval", .optional(label)), .init("revision", .integer(revision)),
      .init("replay_of", .optional(replayOf?.text)),
      .init("rows_read", .integer(rows.read)), .init("rows_kept", .integer(rows.kept)),
      .init("rows_filtered", .integer(rows.filtered)),
      .init("rows_quarantined", .integer(rows.quarantined)),
      .init("rows_dropped", .integer(rows.dropped)), .init("bytes", .integer(rows.bytes)),
      .init("chunks", .integer(chunks)), .init("result_rows", .integer(resultRows)),
      .init("result_hash", .string(hash)), .init("ms", .integer(Int64(seconds * 1000))),
      .init(
        "sinks",
        .array(
          sinks.map {
            .object([
              .init("target", .string($0.target)), .init("rows", .integer($0.rows)),
              .init("deleted", .integer($0.deleted)), .init("already_published", .boolean($0.wasPublished)),
            ])
          })),
      .init("lookups", .array(lookups.map(\.json))),
      .init("warnings", .array(warnings.map(JSONValue.string))),
    ])
  }
}
