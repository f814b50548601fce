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
  /// When the rows of the result are read.
  let clock = ReadingClock()
  /// When those of a replay's origin were read, by store.
  var originTimes: [String: ReadTime] = [:]
  /// Something is published already, or comes chunk by chunk: the run does not read again what it has read.
  var isOnlyForward: Bool
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
    tables: [Table], files: [File], lastRevision: Int, checks: [TypedCheck], isBound: Bool
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
    isOnlyForward = isBound || tables.contains(where: \.isByChunk)
  }

  func entry(_ table: Table, resultHash: String?) -> LedgerEntry {
    LedgerEntry(
      identity: run.identity, revision: run.revision, sink: table.target.sink, run: run.id,
      target: "\(table.target.table)", rejected: rejected, checks: .array(judged), resultHash: resultHash,
      span: table.target.span, readTime: readTime(table))
  }

  /// `nil` where the rows come chunk by chunk, or nothing was read by this attempt.
  private func readTime(_ table: Table) -> ReadTime? {
    if table.isByChunk { return nil }
    return originTimes[table.target.sink] ?? clock.time(on: table.target.connection)
  }

  /// To be called before chunks are read, also where they are read again.
  /// - Parameter start: since when what they are made of is read.
  func beginReading(since start: ContinuousClock.Instant) async throws {
    var publishers: [String: TablePublisher] = [:]
    for table in tables { publishers[table.target.connection] = try await tablePublisher(table) }
    try await clock.begin(publishers, since: start)
  }

  /// What a replay takes from the run whose rows it processes again is as old as that.
  func takeReadTimes(of origin: RunID) async throws {
    for table in tables {
      originTimes[table.target.sink] = try await tablePublisher(table).readTime(
        of: origin, into: "\(table.target.table)")
    }
  }

  /// The connections of the tables, each once.
  var connections: [String] {
    tables.map(\.target.connection).reduce(into: []) { list, name in
      if !list.contains(name) { list.append(name) }
    }
  }

  func tablePublisher(_ table: Table) async throws -> TablePublisher {
    try await asker.publisher(on: table.target.connection, ledger: table.target.ledger)
  }

  func publication(_ table: Table, resultHash: String?) -> TablePublication {
    TablePublication(
      target: table.target, entry: entry(table, resultHash: resultHash), facts: table.facts,
      result: plan.result, descriptions: descriptions,
      chunks: table.isByChunk ? plan.chunks.count : nil, isOnlyForward: isOnlyForward)
  }

  var descriptions: [String: String] {
    var texts: [String: String] = [:]
    for measure in request.job.aggregate?.measures ?? [] { texts[measure.name] = measure.description }
    return texts
  }
}
