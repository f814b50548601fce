import DemoServer
import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

/// What stands in the way of a run that goes on: servers that are away, newer runs, another process that has it.
@Suite(.timeLimit(.minutes(5))) struct InterruptedRunTests {
  /// A server that nothing was heard of is told of at once; one that the run has met before is waited for, before
  /// the commit and behind it.
  @Test(arguments: ["read.done:1:kill", "publish.after_commit:1:kill"])
  func aServerThatIsAway(_ place: String) async throws {
    let server = try await SharedServer.shared()
    try await CrashWorld.with { world in
      let way = world.project.path("way")
      let near = String(decoding: try world.project.read("tidemark.yaml") ?? [], as: UTF8.self)
      let far = near.replacing("host='\(server.socketDirectory)'", with: "host='\(way)'")
      try #require(far != near)
      try world.project.write("tidemark.yaml", far)
      let atOnce = try await world.run()
      #expect(atOnce.status == 6 && atOnce.output.contains("Cannot connect"), "\(atOnce.output)")

      symlink(server.socketDirectory, way)
      let killed = try await world.run(place)
      try #require(killed.wasKilled, "\(killed.output)")
      unlink(way)
      let output = try world.project.newOutput()
      let process = try world.project.start(
        CrashWorld.command, environment: CrashWorld.environment, output: output)
      func said() throws -> String {
        String(decoding: try FileContents.read(output, atMost: ByteCount(16 << 20)), as: UTF8.self)
      }
      try await Patience.until("the run waits", said: said) {
        try process.exit != nil || said().contains("trying again")
      }
      symlink(server.socketDirectory, way)
      let resumed = try await world.project.end(of: process, output: output)
      #expect(resumed.status == 0, "\(resumed.output)")
      try await world.expectUndisturbed(notices: false)
    }
  }

  /// A run that was about to publish, and died, does not undo what another one has published of the same days since.
  @Test(arguments: ["publish.started:1:kill", "publish.before_commit:1:kill"])
  func aNewerRunHasPublished(_ place: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE events (id int PRIMARY KEY, at date NOT NULL)",
        "INSERT INTO events SELECT i, date '2026-03-01' + i % 6 FROM generate_series(1, 600) AS i",
        "ANALYZE events")
      try project.write(
        "jobs/days.yaml",
        """
        version: 1
        timezone: UTC
        interval: {span: day, lookback: 1d}
        source: {connection: db, table: events, where: "at >= ${window.start_date} AND at < ${window.end_date}"}
        aggregate: {group_by: [at], measures: {n: count(*)}}
        store: [{table: {connection: db, name: days, mode: replace_window, window: at, create: true}}]

        """)
      let killed = try await project.run(["run", "days", "--for", "2026-03-04"], failpoint: place)
      try #require(killed.wasKilled, "\(killed.output)")
      try await project.sql(
        "INSERT INTO events SELECT 1000 + i, '2026-03-04' FROM generate_series(1, 50) AS i")
      for day in ["2026-03-05", "2026-03-04"] {
        let run = try await project.run(["run", "days", "--for", day])
        #expect(run.status == 0, "\(day): \(run.output)")
      }
      #expect(
        try await project.rows("SELECT at::text, n::text FROM days ORDER BY 1")
          == project.rows(
            "SELECT at::text, count(*)::text FROM events WHERE at >= '2026-03-03' AND at < '2026-03-06' GROUP BY 1 ORDER BY 1"
          ))
    }
  }

  /// What fails behind a success takes nothing of it back.
  @Test(arguments: ["run.after_success:1:error", "state.purge.before_commit:1:error"])
  func theHousekeepingFails(_ place: String) async throws {
    try await CrashWorld.with { world in
      let run = try await world.run(place)
      #expect(run.status == 0 && run.output.contains("not tidied up"), "\(run.output)")
      try await world.expectUndisturbed()
    }
  }

  /// A run that was stopped, or had failed, and cannot even be planned when it is resumed, fails by what is in the way.
  @Test func whatCannotBePlannedFailsEachTime() async throws {
    try await CrashWorld.with { world in
      let output = world.project.path("said")
      let process = try #require(try await world.stopped(at: "chunk.middle:3", output: output))
      process.signal(SIGTERM)
      process.signal(SIGCONT)
      let stopped = try await world.project.end(of: process, output: output)
      #expect(stopped.status == 7, "\(stopped.output)")
      try await world.project.sql("ALTER TABLE events RENAME TO gone")
      for failures in 1...2 {
        let failed = try await world.run()
        #expect(failed.status == 3 && failed.output.contains("unknown_table"), "\(failed.output)")
        try await world.state { store in
          let run = try #require(try await store.runs(RunFilter()).first)
          #expect(run.state == .failed && run.failures == failures && run.fault?.code == "unknown_table")
        }
      }
      try await world.project.sql("ALTER TABLE gone RENAME TO events")
      let last = try await world.run()
      #expect(last.status == 0, "\(last.output)")
      try await world.expectUndisturbed(notices: false)
    }
  }

  /// Two starts at once: one runs, the other says who has it.
  @Test func startedTwiceAtOnce() async throws {
    try await CrashWorld.with { world in
      let output = world.project.path("first")
      let holder = try world.project.start(
        CrashWorld.command, environment: ["TIDEMARK_FAILPOINT": "merge.started:1:hang"], output: output)
      // The lock is the run's first deed; until then the other command would be the one that runs.
      while try await world.project.run(["status", "--json"]).output.contains("\"running\": true") == false {
        try #require(holder.exit == nil)
      }
      let other = try await world.project.run(CrashWorld.command)
      #expect(other.status == 8, "\(other.output)")
      #expect(
        other.output.contains("error[held]") && other.output.contains("process \(holder.identifier)"),
        "\(other.output)")
      holder.signal(SIGKILL)
      _ = try await world.project.end(of: holder, output: output)
      let last = try await world.project.run(CrashWorld.command)
      #expect(last.status == 0, "\(last.output)")
      try await world.expectUndisturbed()
    }
  }
}
