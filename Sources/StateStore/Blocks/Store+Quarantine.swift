package import Model

/// A rejected row as kept.
package struct StoredRejection: Sendable {
  package var run: RunID
  package var chunk: ChunkID
  /// Of the rejections of its chunk, from 0.
  package var number: Int
  package var rejection: Rejection
  /// The run that processed the row again.
  package var replayedBy: RunID?
}

/// Where to go on in a quarantine listing.
package struct RejectionCursor: Hashable, Sendable {
  var chunk: Int
  var number: Int

  package static let start = RejectionCursor(chunk: -1, number: -1)

  package init(after last: StoredRejection) {
    self.init(chunk: last.chunk.number, number: last.number)
  }

  package init(chunk: Int, number: Int) {
    self.chunk = chunk
    self.number = number
  }
}

/// How many rows of a run broke which step's rule.
package struct QuarantineSummary: Hashable, Sendable {
  package var run: RunID
  package var job: JobName
  package var matrixRow: String
  package var step: String
  package var rows: Int
  package var replayed: Int
}

extension Store {
  /// The rejected rows of a run in chunk order, page by page.
  package func rejections(of run: RunID, after cursor: RejectionCursor = .start, limit: Int) async throws
    -> [StoredRejection]
  {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT * FROM rejections WHERE run_id = $1 AND (chunk > $2 OR (chunk = $2 AND number > $3))
        ORDER BY chunk, number LIMIT $4
        """, [.text(run.text), .integer(cursor.chunk), .integer(cursor.number), .integer(limit)]
      ).map(StoredRejection.init)
    }
  }

  /// Counts of rejected rows per run and step, newest run first.
  /// - Parameters:
  ///   - job: `nil` for all jobs of the project.
  ///   - run: `nil` for all runs.
  package func quarantineSummary(
    project: String, job: JobName?, matrixRow: String? = nil, run: RunID? = nil, limit: Int
  ) async throws -> [QuarantineSummary] {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT runs.run_id, runs.job, runs.matrix_row, rejections.step, COUNT(*) AS row_count,
          COUNT(rejections.replayed_by) AS replayed
        FROM rejections JOIN runs ON runs.run_id = rejections.run_id
        WHERE runs.project = $1 AND (CAST($2 AS TEXT) IS NULL OR runs.job = $2)
          AND (CAST($4 AS TEXT) IS NULL OR runs.run_id = $4)
          AND (CAST($5 AS TEXT) IS NULL OR runs.matrix_row = $5)
        GROUP BY runs.run_id, runs.job, runs.matrix_row, rejections.step
        ORDER BY runs.run_id DESC, rejections.step LIMIT $3
        """,
        [.text(project), .optional(job?.text), .integer(limit), .optional(run?.text), .optional(matrixRow)]
      ).map { row in
        QuarantineSummary(
          run: RunID(try row.text("run_id")), job: JobName(try row.text("job")),
          matrixRow: try row.text("matrix_row"), step: try row.text("step"), rows: try row.int("row_count"),
          replayed: try row.int("replayed"))
      }
    }
  }

  /// Deletes the rejected rows of a run; the counts stay. Rows of a run that is not over, or that
  /// an unfinished replay needs, stay too.
  /// - Returns: how many were deleted.
  @discardableResult
  package func purgeQuarantine(of run: RunID) async throws -> Int {
    try await database.transaction(.write(.purgeQuarantine)) { tx in
      try await tx.run(
        """
        DELETE FROM rejections
        WHERE run_id = (
          SELECT run_id FROM runs WHERE run_id = $1 AND is_open = 0 AND NOT EXISTS (
            SELECT 1 FROM runs AS replay WHERE replay.replay_of = runs.run_id AND replay.is_open = 1))
        """, [.text(run.text)])
    }
  }
}

extension StoredRejection {
  init(_ row: StateRow) throws(Fault) {
    run = RunID(try row.text("run_id"))
    chunk = ChunkID(try row.int("chunk"))
    number = try row.int("number")
    rejection = Rejection(
      ordinal: try row.integer("ordinal"),
      key: try row.json("row_key").members.map {
        Rejection.NamedText(name: $0.name, text: $0.value.stringValue)
      },
      step: try row.text("step"),
      broken: try row.json("broken").elements.map {
        Rejection.BrokenRule(
          rule: $0["rule"]?.stringValue ?? "", reason: $0["reason"]?.stringValue ?? "",
          detail: $0["detail"]?.stringValue ?? "")
      },
      row: try row.text("row_text"))
    replayedBy = try row.ifPresent("replayed_by") { row, name throws(Fault) in RunID(try row.text(name)) }
  }
}

extension Rejection {
  /// In the order of the columns from `ordinal` on.
  var values: [StateValue] {
    [
      .integer(ordinal),
      .json(.object(key.map { .init($0.name, .optional($0.text)) })),
      .text(step),
      .json(
        .array(
          broken.map {
            .object([
              .init("rule", .string($0.rule)), .init("reason", .string($0.reason)),
              .init("detail", .string($0.detail)),
            ])
          })),
      .text(row),
    ]
  }
}
