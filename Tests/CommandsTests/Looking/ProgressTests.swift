import ProjectRig
import Testing

/// What a run tells on a terminal while it goes on.
@Suite(.timeLimit(.minutes(5))) struct ProgressTests {
  /// A terminal of `script`'s, a program that every Debian has.
  private static let terminal = ["/bin/sh", "-c", "exec script -qec \"$*\" /dev/null < /dev/null", "sh"]

  /// Whether the machine has terminals to give: one with a bare `/dev` has none.
  private static var hasTerminals: Bool {
    get async throws {
      if try await SystemProgram.run("/usr/bin/script", "-qec", "true", "/dev/null") { return true }
      print("NOT TESTED: what a terminal shows. There is no pseudo-terminal here; mount devpts at /dev/pts")
      return false
    }
  }

  private static func with(_ keys: String, _ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE wares AS SELECT n FROM generate_series(1, 3) AS n")
      try project.write(
        "jobs/slow.yaml",
        """
        version: 1
        source: {connection: db, table: wares\(keys)
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: db, name: told, mode: replace, create: true}}

        """)
      try await body(project)
    }
  }

  @Test func aRunSaysWhatItWaitsFor() async throws {
    let wait = ", wait_for: {query: \"SELECT false\", within: 1s}}"
    try await Self.with(wait) { project in
      var expected: [([String], String)] = [([], " run_waiting ")]
      if try await Self.hasTerminals {
        expected.append((Self.terminal, "waiting until its query is true on `db`  0/"))
      }
      for (wrapper, text) in expected {
        let run = try await project.run(["run", "slow"], behind: wrapper)
        #expect(run.status == 1 && run.output.contains(text), "\(run.output)")
      }
    }
  }

  @Test func aRunSaysWhenItRunsAgain() async throws {
    guard try await Self.hasTerminals else { return }
    let rerun = "}\nchecks: [{name: no, expect: \"count(*) > 9\"}]\nerrors: {rerun: {attempts: 1, wait: 1s}}"
    try await Self.with(rerun) { project in
      let run = try await project.run(["run", "slow"], behind: Self.terminal)
      #expect(run.status == 4, "\(run.output)")
      #expect(
        run.output.contains(#/failed 1 of at most 2 times; runs again at [0-9-]+T[0-9:]+Z/#), "\(run.output)")
    }
  }
}
