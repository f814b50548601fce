import Compute
import DemoServer
import Model
import Postgres
import Runtime
import Testing

@testable import Sinks

/// A database with a ledger, and publishes into it.
struct PublishWorld {
  let settings: ConnectionSettings
  let connection: Connection
  let publisher: TablePublisher
  let folder: String

  static let ledger = PublicationLedger(schema: Identifier("tidemark"))
  static let place = Place(file: "jobs/a.yaml", line: 3, column: 5)

  /// A key and a number.
  static let schema = [
    ColumnSchema(name: "k", type: .text), ColumnSchema(name: "v", type: .numeric),
  ]

  static func row(_ key: String?, _ value: String) throws -> [Value] {
    [key.map { .text($0) } ?? .null, .numeric(try Decimal(parsing: value))]
  }

  static func run(_ body: (PublishWorld) async throws -> Void) async throws {
    try await SharedServer.withDatabase { settings in
      let connection = try await Connection.open(settings)
      let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-sinks-")
      let publisher = TablePublisher(connection: connection, ledger: ledger, session: SessionSettings())
      let world = PublishWorld(
        settings: settings, connection: connection, publisher: publisher, folder: folder)
      let outcome: Result<Void, any Error>
      do {
        try await publisher.ensureLedger()
        outcome = .success(try await body(world))
      } catch { outcome = .failure(error) }
      try FolderTree.remove(folder)
      await connection.close()
      try outcome.get()
    }
  }

  static func identity(day: Int = 1) -> RunIdentity {
    let start = Instant(seconds: 1_780_272_000 + day * 86_400)
    return RunIdentity(
      project: "p", job: JobName("a"), matrixRow: "",
      interval: TimeRange(start: start, end: start.advanced(by: .seconds(86_400))), parameters: [:])
  }

  static func target(
    _ mode: TableSinkRule.Mode, key: [String] = ["k"], window: TableTarget.Window? = nil,
    scope: [TableTarget.ScopeValue] = [], create: Bool = false, maxDelete: TableSinkRule.MaxDelete? = nil,
    isKeyUnique: Bool = true
  ) -> TableTarget {
    TableTarget(
      sink: "1:table", connection: "demo", ledger: ledger.schema, table: QualifiedName("public", "t"),
      mode: mode,
      window: window, scope: scope, key: key, isKeyUnique: isKeyUnique, create: create, onEmpty: .publish,
      maxDelete: maxDelete,
      beforePublish: [], afterPublish: [], isForced: false, place: place)
  }

  typealias Kept = (publication: TablePublication, spool: ResultSpool)

  /// A result that is kept to be published.
  func publication(
    _ target: TableTarget, _ schema: [ColumnSchema], _ rows: [[Value]], day: Int = 1, revision: Int = 1,
    run: String = "r1", hash: String? = nil
  ) async throws -> Kept {
    let spool = try ResultSpool(schema: schema, path: folder + "/spool")
    let columns = schema.map { Column($0.type) }
    for row in rows { for (column, value) in zip(columns, row) { column.append(value) } }
    try spool.append(Batch(schema: schema, columns: columns))
    let made = try spool.finish()
    let entry = LedgerEntry(
      identity: Self.identity(day: day), revision: revision, sink: target.sink, run: RunID(run),
      target: "\(target.table)", rejected: 0, checks: .array([]), resultHash: hash ?? made)
    let publication = TablePublication(
      target: target, entry: entry, facts: try await connection.tableFacts(target.table), result: schema,
      descriptions: [:])
    return (publication, spool)
  }

  /// Publishes as the newest owner.
  @discardableResult
  func publish(
    _ target: TableTarget, _ schema: [ColumnSchema], _ rows: [[Value]], day: Int = 1, revision: Int = 1,
    run: String = "r1"
  ) async throws -> PublishOutcome {
    let kept = try await publication(target, schema, rows, day: day, revision: revision, run: run)
    let token = try await publisher.raiseFence(identity: Self.identity(day: day), run: RunID(run)).token
    return try await publisher.publish([kept.publication], of: kept.spool, token: token)[0]
  }

  func texts(_ sql: SQLText) async throws -> [String] {
    try await connection.query(sql).rows.map { row in
      (0..<row.count).map { row[$0] ?? "-" }.joined(separator: " ")
    }
  }
}
