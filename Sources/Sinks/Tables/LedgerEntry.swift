package import Model

/// One row of the ledger, before it is known what was written.
package struct LedgerEntry: Hashable, Sendable {
  package var identity: RunIdentity
  package var revision: Int
  package var sink: String
  package var run: RunID
  package var target: String
  package var rejected: Int64
  /// The checks' names and outcomes.
  package var checks: JSONValue
  /// `nil` while the result is made, or published chunk by chunk.
  package var resultHash: String?
  /// The time whose rows are put in the place of others; `nil` for all.
  package var span: TimeRange?
  /// When the rows were read; `nil` where nobody is to compare that.
  package var readTime: ReadTime?

  /// Between a sink's name and a chunk's number, in the name of a chunk's entry.
  static let chunkMark = "#"

  package init(
    identity: RunIdentity, revision: Int, sink: String, run: RunID, target: String, rejected: Int64,
    checks: JSONValue, resultHash: String?, span: TimeRange? = nil, readTime: ReadTime? = nil
  ) {
    self.identity = identity
    self.revision = revision
    self.sink = sink
    self.run = run
    self.target = target
    self.rejected = rejected
    self.checks = checks
    self.resultHash = resultHash
    self.span = span
    self.readTime = readTime
  }

  /// What to do where another run has published under the same identity.
  package var besideAnother: String {
    identity.interval == nil
      ? "Give this run up with `tidemark cancel \(run)` and run the job again, which is a run of its own then"
      : "To put this one in its place run again with --again"
  }

  /// The entry of one chunk.
  package func of(_ chunk: ChunkID, rejected: Int64, resultHash: String) -> LedgerEntry {
    var part = self
    part.sink = "\(sink)\(LedgerEntry.chunkMark)\(chunk.number)"
    part.rejected = rejected
    part.resultHash = resultHash
    return part
  }
}
