internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Sinks
internal import StateStore

/// Stores a row-level result in the target's database while its chunks are still read: each chunk from its stored
/// partial, behind its checkpoint, in the order of the plan.
///
/// Whatever is in the way leaves nothing behind but the partials, from which the result is published as any other.
actor AheadStore {
  private let table: Publisher.Table
  private let entry: LedgerEntry
  private let maker: ResultMaker
  private let checks: [TypedCheck]
  private let asker: PlanAsker
  private let session: SessionSettings
  /// To be told of each chunk that is done.
  nonisolated let relay = ChunkRelay()
  private var stored: Stored?

  /// All rows of a result, and what came of its checks.
  struct Stored: Sendable {
    var rows: RowsAhead
    var made: ResultMaker.Made
    var verdicts: [(check: TypedCheck, verdict: CheckJudge.Verdict)]
  }

  init(
    _ table: Publisher.Table, entry: LedgerEntry, maker: ResultMaker, checks: [TypedCheck], asker: PlanAsker,
    session: SessionSettings
  ) {
    self.table = table
    self.entry = entry
    self.maker = maker
    self.checks = checks
    self.asker = asker
    self.session = session
  }

  /// Ends with the last chunk's rows, or where it cannot go on.
  /// - Throws: `Fault` of a result that cannot be stored later either; the relay tells it, too.
  func store() async throws {
    do {
      stored = try await storeAll()
    } catch let fault as Fault {
      if Task.isCancelled { return }
      if Self.isFinal(fault) {
        relay.refuse(fault)
        throw fault
      }
      maker.environment.report(
        maker.run, .waiting(reason: "\(fault.sentence); the rows are stored once all are read"))
    } catch is CancellationError {
      // Nothing more is read.
    } catch is DamagedChunk {
      // The merge of the partials finds it, and has it read again.
    }
  }

  /// Whether it is of the rows, and not of the way in which they are stored.
  private static func isFinal(_ fault: Fault) -> Bool {
    switch fault.kind {
    case .check, .data, .conflict: !fault.isTransient
    default: false
    }
  }

  /// What was stored; once, and `nil` where that came to nothing.
  func take() -> Stored? { stored.take() }

  private func storeAll() async throws -> Stored? {
    let (plan, work) = (maker.plan, maker.work)
    let publisher = TablePublisher(
      connection: try await asker.connection(table.target.connection),
      ledger: PublicationLedger(schema: table.target.ledger), session: session)
    let publication = TablePublication(
      target: table.target, entry: entry, facts: nil, result: plan.result, descriptions: [:], spool: nil)
    let stored = try await publisher.storeAhead(publication, token: table.token) { writer in
      var judges = try checks.map { check throws(Fault) in
        try CheckJudge(check, result: plan.result, zones: work.zones)
      }
      let made = try await maker.make(
        of: plan.chunks.map(\.id).sorted().map {
          AwaitedRun($0, of: maker.run, in: maker.environment.store, relay)
        },
        into: ResultCopy(schema: plan.result, to: writer), files: [],
        guards: [WindowGuard(table.target, result: plan.result)].compactMap { $0 }, checks: &judges)
      return (made, try CheckJudge.verdicts(of: &judges, zones: work.zones))
    }
    return stored.map { Stored(rows: $0.ahead, made: $0.made.0, verdicts: $0.made.1) }
  }
}
