import DemoServer
import Model
import Postgres
import ProjectRig
import Testing

/// A run, or a query of it, that takes longer than it may: nothing of it goes on, and once what held it up is gone it
/// is finished by the same command.
@Suite(.timeLimit(.minutes(5))) struct TimeLimitTests {
  struct Limit: Sendable {
    var key: String
    var code: String
    var state: CrashWorld.StateKind
  }

  static let limits = CrashWorld.StateKind.allCases.flatMap { state in
    [
      Limit(key: "timeout", code: "timeout", state: state),
      Limit(key: "statement_timeout", code: "query_cancelled", state: state),
    ]
  }

  @Test func aRunIsEnded() async throws {
    _ = try await CrashWorld.undisturbed()
    await Lanes.work(through: Self.limits) { limits in
      while let limit = limits.next() {
        try await CrashWorld.with(limit.state) { world in try await end(by: limit, world) }
      }
    }
  }

  private func end(by limit: Limit, _ world: CrashWorld) async throws {
    try await world.project.sql(
      """
      CREATE FUNCTION held(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN
        IF id = 150 THEN PERFORM pg_advisory_xact_lock_shared(4714); END IF;
        RETURN id;
      END $$
      """)
    let job = world.scenario.job
      .replacing("table: events", with: "table: events\n  add_columns: {x: public.held(id)}")
      .replacing("expect: qty > 0", with: "expect: qty > 0 AND x > 0")
    try world.project.write(
      "jobs/crash.yaml", job.replacing("limits: {", with: "limits: {\(limit.key): 1s, "))
    let holder = try await Connection.open(world.project.settings)
    try await holder.query("SELECT pg_advisory_lock(4714)")
    let first = try await world.run()
    #expect(
      first.status == 1 && first.output.contains("error[\(limit.code)]"), "\(limit): \(first.output)")
    let working =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tidemark crash %' AND datname = current_database() AND state = 'active'"
    try await Patience.until("for the end of its queries") {
      try await world.project.rows(working) == [["0"]]
    }
    #expect(try await world.project.rows("SELECT to_regclass('by_window') IS NULL") == [["t"]])
    await holder.close()
    // What it may take is nothing of the plan.
    try world.project.write("jobs/crash.yaml", job)
    let second = try await world.run()
    #expect(second.status == 0 && second.output.contains("resumed=true"), "\(limit): \(second.output)")
    let rows = try await world.project.rows(CrashScenario.groups.queries)
    #expect(rows == (try await CrashWorld.undisturbed()).tables)
  }
}
