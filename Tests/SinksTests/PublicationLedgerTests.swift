import Model
import Postgres
import Testing
@testable import Sinks

/// What the ledger in the target lets publish, and whom it ends.
@Suite struct PublicationLedgerTests {
  @Test func aSecondPublishFindsItDone() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let target = PublishWorld.target(.replace)
      try await world.publish(
        target, PublishWorld.schema, [try PublishWorld.row("a", "1")], run: "r1")
      #expect(
        try await world.publish(
          target, PublishWorld.schema, [try PublishWorld.row("a", "1")], run: "r2")
          == .already(run: "r1"))
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(
          target, PublishWorld.schema, [try PublishWorld.row("a", "2")], run: "r3")
      }
      #expect(fault?.code == "published_by_another")
      #expect(fault?.kind == .conflict)
      #expect(try await world.texts("SELECT * FROM t") == ["a 1"])
      #expect(try await world.texts("SELECT run_id, rows, deleted FROM tidemark.publications") == ["r1 1 0"])
    }
  }

  /// Two projects of one name, or a store renamed while the state was lost: what is in another table is not in this one.
  @Test func whatIsInAnotherTableIsNotDone() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      try await world.connection.execute("CREATE TABLE u (k text, v numeric)")
      let target = PublishWorld.target(.replace)
      let rows = [try PublishWorld.row("a", "1")]
      try await world.publish(target, PublishWorld.schema, rows, run: "r1")
      var bare = target
      bare.table = QualifiedName(schema: nil, name: Identifier("t"))
      let looking = PublishWorld(
        settings: world.settings, connection: world.connection,
        publisher: TablePublisher(
          connection: world.connection, ledger: PublishWorld.ledger,
          session: SessionSettings(searchPath: ["public"])),
        folder: world.folder)
      #expect(
        try await looking.publish(bare, PublishWorld.schema, rows, run: "r2") == .already(run: "r1"))
      var other = target
      other.table = QualifiedName("public", "u")
      var fault = await #expect(throws: Fault.self) {
        try await world.publish(other, PublishWorld.schema, rows, run: "r2")
      }
      #expect(fault?.code == "published_by_another" && fault?.sentence.contains("not into") == true)
      try await world.connection.execute("DROP TABLE t")
      fault = await #expect(throws: Fault.self) {
        try await world.publish(target, PublishWorld.schema, rows, run: "r2")
      }
      #expect(fault?.code == "published_by_another" && fault?.sentence.contains("not there any more") == true)
    }
  }

  /// Where a state was lost revisions are counted anew, and the table holds a later one's rows.
  @Test func anOldRevisionIsNotTakenForWhatTheTableHolds() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let target = PublishWorld.target(.replace)
      let rows = [try PublishWorld.row("a", "1")]
      try await world.publish(target, PublishWorld.schema, rows, run: "r1")
      try await world.publish(
        target, PublishWorld.schema, [try PublishWorld.row("a", "2")], revision: 2, run: "r2")
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(target, PublishWorld.schema, rows, run: "r3")
      }
      #expect(fault?.code == "published_by_another")
      #expect(fault?.sentence.contains("r2") == true, "\(fault?.sentence ?? "")")
      // What this very run had published stays so, whatever came later.
      #expect(
        try await world.publish(target, PublishWorld.schema, rows, run: "r1") == .already(run: "r1"))
    }
  }

  @Test func aTwinWaitsAndFindsItDone() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let target = PublishWorld.target(.replace)
      let (publication, spool) = try await world.publication(
        target, PublishWorld.schema, [try PublishWorld.row("a", "1")])
      let token = try await world.publisher.raiseFence(identity: PublishWorld.identity(), run: RunID("r1"))
        .token
      let settings = world.settings
      let twin = try await Connection.open(settings)
      var outcome: Task<String?, any Error>?
      try await twin.transaction(.writing()) { twin in
        try await twin.query(PublishWorld.ledger.insert(publication.entry))
        // The other one's first statement waits for this transaction.
        let statement = PublishWorld.ledger.insert(publication.entry)
        outcome = Task {
          let other = try await Connection.open(settings)
          let rows = try await other.query(statement).rows
          await other.close()
          return rows.first?[0]
        }
        var waiting: String? = "0"
        while waiting == "0" {
          waiting = try await world.texts("SELECT count(*) FROM pg_locks WHERE NOT granted").first
        }
      }
      #expect(try await outcome?.value == .some(nil))
      await twin.close()
      #expect(
        try await world.publisher.publish([publication], of: spool, token: token) == [.already(run: "r1")])
      #expect(try await world.texts("SELECT count(*) FROM t") == ["0"])
    }
  }

  @Test func aStaleOwnerCannotPublish() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let stale = try await world.publisher.raiseFence(identity: PublishWorld.identity(), run: RunID("r1"))
        .token
      let newer = try await world.publisher.raiseFence(identity: PublishWorld.identity(), run: RunID("r2"))
        .token
      #expect(newer > stale)
      let (publication, spool) = try await world.publication(
        PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("a", "1")])
      let fault = await #expect(throws: Fault.self) {
        try await world.publisher.publish([publication], of: spool, token: stale)
      }
      #expect(fault?.code == "fenced")
      #expect(try await world.texts("SELECT count(*) FROM tidemark.publications") == ["0"])
      #expect(
        try await world.publisher.publish([publication], of: spool, token: newer) == [
          .published(rows: 1, deleted: 0)
        ])
    }
  }

  @Test func onlyTheRunThatIsGivenUpLosesItsTarget() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let (identity, other) = (PublishWorld.identity(), RunID("r2"))
      _ = try await world.publisher.raiseFence(identity: identity, run: RunID("r1"))
      let token = try await world.publisher.raiseFence(identity: identity, run: other).token
      let (publication, spool) = try await world.publication(
        PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("a", "1")],
        run: other.text)
      #expect(try await world.publisher.takeAway(from: RunID("r1"), identity: identity).whole.isEmpty)
      #expect(
        try await world.publisher.publish([publication], of: spool, token: token) == [
          .published(rows: 1, deleted: 0)
        ])
      // What it has published is told; what is to come is refused.
      #expect(
        try await world.publisher.takeAway(from: other, identity: identity).whole == [publication.target.sink]
      )
      let (next, more) = try await world.publication(
        PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("a", "2")],
        revision: 2, run: other.text)
      let fault = await #expect(throws: Fault.self) {
        try await world.publisher.publish([next], of: more, token: token)
      }
      #expect(fault?.code == "fenced")
    }
  }

  /// An earlier try whose connection was lost without the server's knowing is not waited for.
  @Test(.timeLimit(.minutes(1))) func aLostTryIsEnded() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let identity = PublishWorld.identity()
      let stale = try await world.publisher.raiseFence(identity: identity, run: RunID("r1")).token
      let token = try await world.publisher.raiseFence(identity: identity, run: RunID("r1")).token
      let (publication, spool) = try await world.publication(
        PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("a", "1")])
      let lost = try await Connection.open(world.settings)
      try await lost.execute("SET application_name = 'tidemark a r1'")
      try await lost.execute("BEGIN")
      try await lost.query(PublishWorld.ledger.insert(publication.entry))
      // An owner that has slept ends nobody.
      let ended = try await world.connection.query(
        PublishWorld.ledger.endPublishing(of: RunID("r1"), ifNewest: FenceHold(identity, stale)))
      #expect(ended.rows.isEmpty)
      #expect(
        try await world.publisher.publish([publication], of: spool, token: token) == [
          .published(rows: 1, deleted: 0)
        ])
      await #expect(throws: Fault.self) { try await lost.execute("COMMIT") }
      await lost.close()
      #expect(try await world.texts("SELECT k, v FROM t") == ["a 1"])
    }
  }

  /// A connection may take another role on than that of its login, under which the server knows its sessions.
  @Test func aSessionInAnotherRoleIsEnded() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      let role = Identifier("writer_" + (try await world.texts("SELECT current_database()")[0]))
      try await world.connection.execute("CREATE ROLE \(role)")
      for grant in PublishWorld.ledger.grants(to: role) { try await world.connection.execute(grant) }
      let (publication, _) = try await world.publication(
        PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("a", "1")])
      let lost = try await Connection.open(world.settings)
      try await lost.execute("SET ROLE \(role); SET application_name = 'tidemark a r1'; BEGIN")
      try await lost.query(PublishWorld.ledger.insert(publication.entry))
      try await world.connection.execute("SET ROLE \(role)")
      _ = try await world.publisher.takeAway(from: RunID("r1"), identity: PublishWorld.identity())
      #expect(try await world.texts("SELECT current_user") == [role.name])
      await #expect(throws: Fault.self) { try await lost.execute("COMMIT") }
      await lost.close()
      try await world.connection.execute("RESET ROLE; DROP OWNED BY \(role); DROP ROLE \(role)")
    }
  }
}
