import Glibc
import ProjectRig
import Runtime
import Seeds
@testable import StateStore
import Testing

extension CrashMatrix {
  /// A state that an older program left amid a run: killed while it brings the layout up to date, wherever that is, the
  /// program leaves the old layout or the new one, and the next command goes on with all that the state held.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more calls of the system, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(60))) struct MigrationTests {
    /// What takes the step to a layout back.
    private static let back: [Int: String] = [
      2: "ALTER TABLE fires DROP COLUMN parameters",
      3: "DROP INDEX runs_open",
      4: "ALTER TABLE sightings DROP COLUMN clock",
    ]

    private static let migrate = ["state", "migrate"]

    private static let kinds = CrashWorld.StateKind.allCases.flatMap { state in
      (1..<Migration.newest).map { (state, $0) }
    }

    @Test func everyStepCanBeTakenBack() {
      #expect(Self.back.keys.sorted() == Migration.all.map(\.number).filter { $0 > 1 })
    }

    @Test func killed() async throws {
      guard try await SystemProgram.hasStrace else {
        print("NOT TESTED: kill -9 while a state is migrated. strace is not here, or not allowed")
        return
      }
      await Lanes.work(through: Self.kinds) { kinds in
        while let (state, layout) = kinds.next() { try await killed(state, from: layout) }
      }
    }

    private func killed(_ state: CrashWorld.StateKind, from layout: Int) async throws {
      let demand = FaultDemand(5)
      var random = demand.numbers("migration \(state) \(layout)")
      try await CrashWorld.with(state) { world in
        let (old, records) = try await leave(world, layout)
        let calls = try await SystemCall.all(of: SystemCallTests.calls, in: world.project, Self.migrate)
        try await expectMigrated(world, old, records, "undisturbed")
        var kills = 0
        for call in calls.shuffled(using: &random) where kills < demand.count {
          try await age(world, to: layout)
          let run = try await world.project.run(Self.migrate, behind: call.killer)
          #expect(run.wasKilled || run.status == 0, "\(call), \(demand): \(run.output)")
          if run.wasKilled { kills += 1 }
          let next = try await world.project.run(["state", "check"])
          #expect(next.status == 0, "\(call), \(demand): \(next.output)")
          try await expectMigrated(world, old, records, "\(call), \(demand)")
        }
        FaultCount.add("kill -9 while a state is migrated, \(state) state", kills)
        let end = try await world.run()
        #expect(end.status == 0, "\(end.output)")
        try await world.expectUndisturbed("from layout \(layout)")
      }
    }

    /// Killed before and behind the commit; and two at once, of which the second waits for the first.
    @Test(arguments: kinds) func byName(_ state: CrashWorld.StateKind, _ layout: Int) async throws {
      try await CrashWorld.with(state) { world in
        let (old, records) = try await leave(world, layout)
        for place in ["state.migrate.before_commit:1:kill", "state.migrate.after_commit:1:kill"] {
          try await age(world, to: layout)
          let run = try await world.project.run(Self.migrate, failpoint: place)
          #expect(run.wasKilled, "\(place): \(run.output)")
          FaultCount.add("kill -9 while a state is migrated, \(state) state")
          let isDone = try await self.layout(world) == Migration.newest
          #expect(isDone == place.hasPrefix("state.migrate.after_commit"), "\(place)")
        }
        try await age(world, to: layout)
        let output = try world.project.newOutput()
        let first = try world.project.start(
          Self.migrate, environment: ["TIDEMARK_FAILPOINT": "state.migrate.before_commit:1:stop"],
          output: output)
        try await Patience.until("it stands still amid its migration") {
          first.exit != nil || first.standsStill
        }
        let said = try world.project.newOutput()
        let second = try world.project.start(Self.migrate, output: said)
        first.signal(SIGCONT)
        for (process, output) in [(first, output), (second, said)] {
          let run = try await world.project.end(of: process, output: output)
          #expect(run.status == 0, "\(run.output)")
        }
        try await expectMigrated(world, old, records, "two at once")
        let end = try await world.run()
        #expect(end.status == 0, "\(end.output)")
        try await world.expectUndisturbed("from layout \(layout)")
      }
    }

    /// An older copy of the program leaves a state alone that a newer one has migrated.
    @Test(arguments: CrashWorld.StateKind.allCases)
    func anOlderProgram(_ state: CrashWorld.StateKind) async throws {
      try await CrashWorld.with(state) { world in
        let (tables, records) = try await leave(world, Migration.newest)
        try await number(world, Migration.newest + 1)
        for command in [CrashWorld.command, Self.migrate, ["state", "check"], ["history"], ["tick"]] {
          let run = try await world.project.run(command)
          #expect(run.status == 3 && run.output.contains("error[state_newer]"), "\(command): \(run.output)")
        }
        #expect(try await self.records(world, of: tables) == records)
        #expect(try await layout(world) == Migration.newest + 1)
      }
    }

    // MARK: The state

    /// Leaves a run that died amid its chunks in a state of an older layout.
    /// - Returns: its tables with their columns, and what is in them.
    private func leave(
      _ world: CrashWorld, _ layout: Int
    ) async throws -> (tables: [String: [String]], records: [String: [String]]) {
      let run = try await world.run("chunk.read:3:kill")
      try #require(run.wasKilled, "\(run.output)")
      let pause = try await world.project.run(["pause", "crash", "--reason", "a newer program comes"])
      #expect(pause.status == 0, "\(pause.output)")
      try await age(world, to: layout)
      let fire =
        "INSERT INTO fires (project, job, matrix_row, fire, outcome, note, created_at) VALUES ('test', 'crash', '', 0, 'ran', 'older', 1)"
      switch world.state {
      case .sqlite: try SQLiteConnection(path: file(world)).execute(fire)
      case .postgres: try await world.project.sql("SET search_path = tidemark_state", fire)
      }
      let tables = try await tables(world)
      let records = try await records(world, of: tables)
      for table in ["runs", "chunks", "blocks", "rejections", "events", "pauses", "fires"] {
        #expect(records[table]?.isEmpty == false, "\(table)")
      }
      return (tables, records)
    }

    private func expectMigrated(
      _ world: CrashWorld, _ tables: [String: [String]], _ records: [String: [String]], _ comment: String
    ) async throws {
      #expect(try await layout(world) == Migration.newest, "\(comment)")
      #expect(try await self.records(world, of: tables) == records, "\(comment)")
    }

    private func file(_ world: CrashWorld) -> String { world.project.path(".tidemark/state.db") }

    private func texts(_ world: CrashWorld, _ query: String) async throws -> [String] {
      switch world.state {
      case .sqlite:
        try SQLiteConnection(path: file(world)).pragma(query).map { value in
          if case .text(let text) = value { text } else { "\(value)" }
        }
      case .postgres: try await world.project.rows(query).map { $0[0] }
      }
    }

    private func layout(_ world: CrashWorld) async throws -> Int? {
      let query =
        switch world.state {
        case .sqlite: "SELECT CAST(user_version AS TEXT) FROM pragma_user_version"
        case .postgres: "SELECT MAX(number) FROM tidemark_state.layouts"
        }
      return Int(try await texts(world, query)[0])
    }

    private func age(_ world: CrashWorld, to layout: Int) async throws {
      let present = try #require(try await self.layout(world))
      for step in Migration.all.reversed() where step.number > layout && step.number <= present {
        let back = try #require(Self.back[step.number])
        switch world.state {
        case .sqlite: try SQLiteConnection(path: file(world)).execute(back)
        case .postgres: try await world.project.sql("SET search_path = tidemark_state", back)
        }
      }
      try await number(world, layout)
    }

    private func number(_ world: CrashWorld, _ layout: Int) async throws {
      switch world.state {
      case .sqlite: try SQLiteConnection(path: file(world)).execute("PRAGMA user_version = \(layout)")
      case .postgres:
        try await world.project.sql(
          "DELETE FROM tidemark_state.layouts WHERE number > \(layout)",
          "INSERT INTO tidemark_state.layouts (number) VALUES (\(layout)) ON CONFLICT DO NOTHING")
      }
    }

    private func tables(_ world: CrashWorld) async throws -> [String: [String]] {
      let query =
        switch world.state {
        case .sqlite:
          "SELECT m.name || ' ' || p.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS p WHERE m.type = 'table'"
        case .postgres:
          "SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = 'tidemark_state' AND table_name <> 'layouts'"
        }
      let names = try await texts(world, query).map { $0.split(separator: " ").map(String.init) }
      return Dictionary(grouping: names) { $0[0] }.mapValues { $0.map { $0[1] } }
    }

    private func records(
      _ world: CrashWorld, of tables: [String: [String]]
    ) async throws -> [String: [String]] {
      var records: [String: [String]] = [:]
      for (table, columns) in tables {
        let query =
          switch world.state {
          case .sqlite:
            "SELECT \(columns.map { "quote(\($0))" }.joined(separator: " || ',' || ")) FROM \(table) ORDER BY 1"
          case .postgres:
            "SELECT CAST(ROW(\(columns.joined(separator: ", "))) AS text) FROM tidemark_state.\(table) ORDER BY 1"
          }
        records[table] = try await texts(world, query)
      }
      return records
    }
  }
}
