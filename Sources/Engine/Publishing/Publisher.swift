internal import Expressions
internal import Model
internal import Planning
internal import Sinks
internal import StateStore

/// Takes a run's result to its sinks: targets looked at before anything is read, everything made
/// ready, then committed, tables first.
final class Publisher {
  let environment: EngineEnvironment
  let request: RunRequest
  let plan: Plan
  var run: RunRecord
  let asker: PlanAsker
  let tables: [Table]
  let files: [File]
  /// The newest revision of the identity that the targets have of other runs.
  let lastRevision: Int
  let checks: [TypedCheck]
  var judged: [JSONValue] = []
  var rejected: Int64 = 0
  /// The result, where it was kept to be published.
  var spool: ResultSpool?
  /// The publish within which the result was made.
  var open: OpenPublication?
  /// The rows of the result, where they were stored while the chunks were read.
  var ahead: AheadStore.Stored?
  /// What makes the result, again where it was lost.
  var maker: ResultMaker?
  var prepared: [PreparedFile] = []
  /// Checks of severity `warn` that did not pass, as sentences.
  var warnings: [String] = []

  struct Table {
    var target: TableTarget
    var facts: TableFacts?
    var token: FencingToken
    /// Its rows come with each chunk; a result without chunks has none to come with.
    var isByChunk: Bool
  }

  struct File {
    var sink: String
    var rule: FileSinkRule
    var path: String
  }

  init(
    environment: EngineEnvironment, request: RunRequest, plan: Plan, run: RunRecord, asker: PlanAsker,
    tables: [Table], files: [File], lastRevision: Int, checks: [TypedCheck]
  ) {
    self.environment = environment
    self.request = request
    self.plan = plan
    self.run = run
    self.asker = asker
    self.tables = tables
    self.files = files
    self.lastRevision = lastRevision
    self.checks = checks
  }

  func entry(_ table: Table, resultHash: String?) -> LedgerEntry {
    LedgerEntry(
      identity: run.identity, revision: run.revision, sink: table.target.sink, run: run.id,
      target: "\(table.target.table)", rejected: rejected, checks: .array(judged), resultHash: resultHash)
  }

  func tablePublisher(_ table: Table) async throws -> TablePublisher {
    try await asker.publisher(on: table.target.connection, ledger: table.target.ledger)
  }

  func publication(_ table: Table, resultHash: String?) -> TablePublication {
    TablePublication(
      target: table.target, entry: entry(table, resultHash: resultHash), facts: table.facts,
      result: plan.result, descriptions: descriptions,
      chunks: table.isByChunk ? plan.chunks.count : nil)
  }

  var descriptions: [String: String] {
    var texts: [String: String] = [:]
    for measure in request.job.aggregate?.measures ?? [] { texts[measure.name] = measure.description }
    return texts
  }
}
