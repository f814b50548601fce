import Model
import Postgres
import Testing

@testable import Sinks

/// Two publishes into one table at once.
@Suite struct SimultaneousPublishTests {
  private static let dated = [ColumnSchema(name: "d", type: .date), ColumnSchema(name: "v", type: .bigint)]

  /// Publishes two overlapping results at once: the second begins while the first is between its
  /// ledger row and its delete.
  private func publishTwoAtOnce(
    _ world: PublishWorld, _ target: TableTarget, _ first: [[Value]], _ second: [[Value]]
  ) async throws {
    var slow = target
    slow.beforePublish = [.init(sql: "SELECT pg_advisory_xact_lock(1)", place: PublishWorld.place)]
    let gate = try await Connection.open(world.settings)
    try await gate.query("SELECT pg_advisory_lock(1)")
    let one = try await world.publication(slow, Self.dated, first, day: 1, run: "r1")
    let other = try await world.publication(target, Self.dated, second, day: 2, run: "r2")
    let (session, settings) = (SessionSettings(), world.settings)
    func start(_ made: sending PublishWorld.Kept, day: Int, run: String) -> Task<Void, any Error> {
      Task {
        let connection = try await Connection.open(settings)
        let publisher = TablePublisher(connection: connection, ledger: PublishWorld.ledger, session: session)
        let token = try await publisher.raiseFence(identity: PublishWorld.identity(day: day), run: RunID(run))
          .token
        _ = try await publisher.publish([made.publication], of: made.spool, token: token)
        await connection.close()
      }
    }
    let slowly = start(one, day: 1, run: "r1")
    try await waiting(1, world)
    let quickly = start(other, day: 2, run: "r2")
    try await waiting(2, world)
    try await gate.query("SELECT pg_advisory_unlock(1)")
    try await slowly.value
    try await quickly.value
    await gate.close()
  }

  /// Until so many sessions of the test's database wait for locks.
  private func waiting(_ count: Int, _ world: PublishWorld) async throws {
    var found = 0
    while found < count {
      found = try await world.connection.query(
        """
        SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
      ).onlyRow.integer("count")
    }
  }

  @Test func overlappingWindowsAreReplacedOneAfterTheOther() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (d date, v bigint)")
      let day: Int32 = 9497  // 2026-01-01
      let window = TableTarget.Window(column: "d", lower: .date(day), upper: .date(day + 3))
      let target = PublishWorld.target(.replaceWindow, key: ["d"], window: window)
      try await publishTwoAtOnce(
        world, target, [[.date(day), .integer(1)], [.date(day + 1), .integer(1)]],
        [[.date(day + 1), .integer(2)], [.date(day + 2), .integer(2)]])
      #expect(try await world.texts("SELECT * FROM t ORDER BY d, v") == ["2026-01-02 2", "2026-01-03 2"])
    }
  }

  @Test func ofTwoThatCreateATableOneFindsIt() async throws {
    try await PublishWorld.run { world in
      var target = PublishWorld.target(.replace, key: ["d"], create: true)
      target.table = QualifiedName("new place", "t")
      try await publishTwoAtOnce(world, target, [[.date(0), .integer(1)]], [[.date(1), .integer(2)]])
      #expect(try await world.texts("SELECT * FROM \"new place\".t") == ["2000-01-02 2"])
    }
  }

  @Test func mergesOfTheSameKeyDoNotDoubleIt() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (d date, v bigint)")
      try await publishTwoAtOnce(
        world, PublishWorld.target(.merge, key: ["d"]), [[.date(0), .integer(1)]], [[.date(0), .integer(2)]])
      #expect(try await world.texts("SELECT * FROM t") == ["2000-01-01 2"])
    }
  }
}
