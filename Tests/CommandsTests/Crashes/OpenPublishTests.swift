import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// A result that is made within its publish: the transaction is open from the merge to the COMMIT, or from the first
  /// chunk on.
  @Suite(.timeLimit(.minutes(8))) struct OpenPublishTests {
    private static let places: [CrashScenario: [String]] = [
      .oneTable: ["merge.middle:4", "sinks.prepared:1", "publish.middle:1"],
      .newTable: [
        "ahead.begun:1", "ahead.middle:5", "ahead.stored:1", "merge.started:1", "ahead.named:1",
        "sinks.prepared:1", "publish.middle:1",
      ],
    ]

    /// The session that holds the rows is ended: they are made again and published.
    @Test(arguments: [(CrashScenario.oneTable, "result.made:1"), (.newTable, "read.done:1")])
    func terminated(_ scenario: CrashScenario, further: String) async throws {
      try await CrashWorld.each(of: Self.places[scenario, default: []] + [further], .sqlite, scenario) {
        world, place in
        let output = try world.project.newOutput()
        let process = try #require(try await world.stopped(at: place, output: output))
        let ended = try await world.project.rows(
          """
          SELECT pg_terminate_backend(pid)::text FROM (SELECT DISTINCT pid FROM pg_locks
            WHERE relation = 'tidemark.publications'::regclass
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS holders
          """)
        #expect(Set(ended) == [["true"]], "\(place)")
        process.signal(SIGCONT)
        let run = try await world.project.end(of: process, output: output)
        FaultCount.add("pg_terminate_backend on an open publish")
        #expect(run.status == 0, "\(place): \(run.output)")
        try await world.expectUndisturbed(notices: false, place)
      }
    }

    /// An owner that sleeps within its publish holds its locks; whoever takes over ends its session.
    @Test(arguments: [(CrashScenario.oneTable, ["publish.started:1"]), (.newTable, [])])
    func zombie(_ scenario: CrashScenario, further: [String]) async throws {
      try await CrashWorld.each(of: Self.places[scenario, default: []] + further, .postgres, scenario) {
        world, place in
        try await world.expectUndisturbed(asleepAt: place)
        FaultCount.add("owner asleep within an open publish")
      }
    }

    /// Others neither see nor meet a table that is filled while chunks are read, also under the name that it is to get:
    /// it is then theirs, and the result is stored into it.
    @Test func madeByOthers() async throws {
      let places = ["ahead.begun:1", "ahead.middle:5", "ahead.stored:1", "merge.started:1"]
      try await CrashWorld.each(of: places, .sqlite, .newTable) { world, place in
        let output = try world.project.newOutput()
        let process = try #require(try await world.stopped(at: place, output: output))
        try await world.project.sql(
          "CREATE TABLE by_window (day date, id int, kind text, total numeric, more int)",
          "CREATE UNIQUE INDEX ON by_window (id)")
        process.signal(SIGCONT)
        let run = try await world.project.end(of: process, output: output)
        FaultCount.add("the new table made by somebody else")
        #expect(run.status == 0, "\(place): \(run.output)")
        let columns = try await world.project.rows(
          "SELECT count(*) FROM pg_attribute WHERE attrelid = 'by_window'::regclass AND attname = 'more'")
        #expect(columns == [["1"]])
        try await world.expectUndisturbed("\(place)")
      }
    }

    /// Nobody sees rows of a result that then fails its check.
    @Test(arguments: [CrashScenario.oneTable, .newTable])
    func aFailedCheckLeavesNothing(_ scenario: CrashScenario) async throws {
      try await CrashWorld.with(.sqlite, scenario) { world in
        try world.project.write(
          "jobs/crash.yaml", world.scenario.job.replacing("severity: warn", with: "severity: error"))
        let run = try await world.run()
        #expect(run.status == 4 && run.output.contains("check_failed"), "\(run.output)")
        let left = try await world.project.rows(
          "SELECT to_regclass('by_window') IS NULL, count(*) FROM tidemark.publications")
        #expect(left == [["t", "0"]])
      }
    }
  }
}
