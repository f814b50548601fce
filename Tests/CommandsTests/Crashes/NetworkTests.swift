import DemoServer
import Model
import Postgres
import ProjectRig
import Runtime
import Seeds
import Testing

extension CrashMatrix {
  /// The way to the source, the target or the state breaks at any byte, in either direction: it is cut, or nothing
  /// comes through any more and nobody says so.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more of them, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(60))) struct NetworkTests {
    enum Victim: String, CaseIterable, Sendable { case source, target, state }

    /// A run is not to wait half a minute here before it asks what a silent server does.
    private static let environment = ["TIDEMARK_SILENCE_MS": "200", "PGCONNECT_TIMEOUT": "2"]

    /// A project with a way of its own to each of the three.
    private func withProxies(
      _ scenario: CrashScenario, _ body: (CrashWorld, _ ways: [Victim: TCPProxy]) async throws -> Void
    ) async throws {
      let server = try await SharedServer.shared()
      try await CrashWorld.with(.postgres, scenario) { world in
        let name = try await world.project.rows("SELECT current_database()")[0][0]
        var ways: [Victim: TCPProxy] = [:]
        for victim in Victim.allCases {
          ways[victim] = try TCPProxy(to: "\(server.socketDirectory)/.s.PGSQL.\(server.port)")
        }
        defer { for way in ways.values { way.stop() } }
        let strings = ways.mapValues { $0.connectionString(database: name) }
        try world.connect(
          source: #require(strings[.source]), target: strings[.target], state: #require(strings[.state]))
        try await body(world, ways)
      }
    }

    @Test(arguments: TCPProxy.Break.allCases) func broken(_ what: TCPProxy.Break) async throws {
      let cases = Victim.allCases.flatMap { victim in CrashScenario.usual.map { (victim, $0) } }
      await Lanes.work(through: cases) { cases in
        while let (victim, scenario) = cases.next() {
          try await withProxies(scenario) { world, ways in
            try await broken(victim, try #require(ways[victim]), what, world)
          }
        }
      }
    }

    private func broken(_ victim: Victim, _ way: TCPProxy, _ what: TCPProxy.Break, _ world: CrashWorld)
      async throws
    {
      let demand = FaultDemand(1)
      var random = demand.numbers("\(victim) \(what) \(world.scenario)")
      let whole = try await world.run(more: Self.environment)
      #expect(whole.status == 0, "\(whole.output)")
      let lengths = TCPProxy.Direction.allCases.map { way.passed($0) }
      for _ in 0..<demand.count {
        try await world.reset()
        let direction: TCPProxy.Direction = Bool.random(using: &random) ? .toServer : .toClient
        let position = Int.random(in: 0..<lengths[direction.rawValue], using: &random)
        try await breakOnce(
          world, way, what, direction, position, "\(victim) \(world.scenario), \(demand)")
      }
    }

    private func breakOnce(
      _ world: CrashWorld, _ way: TCPProxy, _ what: TCPProxy.Break, _ direction: TCPProxy.Direction,
      _ position: Int, _ place: String
    ) async throws {
      let comment = "\(what) \(direction) behind byte \(position), \(place)"
      way.reset(what, direction, behind: position)
      let output = try world.project.newOutput()
      let process = try world.project.start(
        CrashWorld.command, environment: CrashWorld.environment.merging(Self.environment) { $1 },
        output: output)
      if what == .holdAll {
        // It is found out when others have tried in vain.
        try await Patience.until(comment) { process.exit != nil || way.isBroken }
        let before = way.connections
        try await Patience.until(comment) { process.exit != nil || way.connections >= before + 3 }
        way.mend()
      }
      let first = try await world.project.end(of: process, output: output)
      if way.isBroken { FaultCount.add("way to a server broken at a byte: \(what)") }
      way.reset()
      if first.status != 0 {
        #expect(first.status == 6 || first.status == 1, "\(comment): \(first.output)")
        let second = try await world.run()
        #expect(second.status == 0, "\(comment): \(first.output)\n\(second.output)")
      }
      try await world.expectUndisturbed(notices: false, comment)
    }

    /// A server that works at a statement, or takes no more rows for a while, is not taken for dead however silent it is.
    @Test(arguments: [
      ("reading", Victim.source, "source: {connection: source, query: 'SELECT public.gate() AS id'}"),
      (
        "storing", Victim.target,
        "source: {connection: source, query: 'SELECT i AS id, repeat(''x'', 500) AS t FROM generate_series(1, 60000) AS i'}"
      ),
    ])
    func aSilentServerAtWork(_ what: String, _ victim: Victim, _ source: String) async throws {
      try await withProxies(.oneTable) { world, ways in
        let way = try #require(ways[victim])
        try await world.project.sql(
          """
          CREATE FUNCTION gate() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock_shared(4714); RETURN 1;
          END $$
          """,
          """
          CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM public.gate(); RETURN NEW;
          END $$
          """, "CREATE TABLE slow (id int, t text, _run_id text)",
          "CREATE TRIGGER wait BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION wait()")
        try world.project.write(
          "jobs/slow.yaml",
          """
          version: 1
          job: slow
          \(source)
          process: [{select: [\(what == "reading" ? "id" : "id, t")]}]
          store: [{table: {connection: db, name: slow, mode: append}}]

          """)
        let gate = try await Connection.open(world.project.settings)
        try await gate.query("SELECT pg_advisory_lock(4714)")
        let output = try world.project.newOutput()
        let process = try world.project.start(["run", "slow"], environment: Self.environment, output: output)
        try await Patience.until("the run waits for the lock") {
          if process.exit != nil { return true }
          return try await world.project.rows(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """) != [["0"]]
        }
        let before = way.connections
        try await Patience.until("the server is asked what it does") {
          process.exit != nil || way.connections >= before + 4
        }
        try await gate.query("SELECT pg_advisory_unlock(4714)")
        await gate.close()
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0 && !run.output.contains("retried"), "\(what): \(run.output)")
      }
    }
  }
}
