internal import Expressions
internal import Model
internal import Planning
internal import Sinks
internal import StateStore

/// Stores a row-level result in the target's database while its chunks are still read: each chunk from its stored
/// partial, behind its checkpoint, in the order of the plan.
///
/// Whatever is in the way leaves nothing behind but the partials, from which the result is published as any other.
actor AheadStore {
  private let publication: TablePublication
  private let token: FencingToken
  private let maker: ResultMaker
  private let checks: [TypedCheck]
  private let asker: PlanAsker
  /// To be told of each chunk that is done.
  nonisolated let relay = ChunkRelay()
  private var stored: Stored?

  /// All rows of a result.
  struct Stored: Sendable {
    var rows: RowsAhead
    var made: ResultMaker.Made
  }

  init(
    _ publication: TablePublication, token: FencingToken, maker: ResultMaker, checks: [TypedCheck],
    asker: PlanAsker
  ) {
    self.publication = publication
    self.token = token
    self.maker = maker
    self.checks = checks
    self.asker = asker
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
    let target = publication.target
    let publisher = try await asker.publisher(on: target.connection, ledger: target.ledger)
    let stored = try await publisher.storeAhead(publication, token: token) { writer in
      try await maker.make(
        of: maker.plan.chunks.map(\.id).sorted().map {
          AwaitedRun($0, of: maker.run, in: maker.environment.store, relay)
        },
        into: ResultCopy(schema: maker.plan.result, to: writer), files: [], targets: [target], checks: checks)
    }
    return stored.map { Stored(rows: $0.ahead, made: $0.made) }
  }
}
