import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// Tables that several runs, jobs or stores have to do with.
@Suite(.timeLimit(.minutes(5))) struct SharedTableTests {
  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE sales AS SELECT i AS id, i::numeric AS amount FROM generate_series(1, 10) AS i")
      try await body(project)
    }
  }

  /// A job without interval.
  private static func job(_ name: String, _ stores: String..., more: String = "") -> String {
    """
    version: 1
    job: \(name)
    source: {connection: db, table: sales}
    aggregate: {group_by: [id], measures: {total: sum(amount)}}
    store:
    \(stores.map { "  - table: {name: result, create: true, \($0)}" }.joined(separator: "\n"))
    \(more)

    """
  }

  private static let appending = job("adhoc", "connection: db, mode: append")
  private static let runs = "SELECT count(DISTINCT _run_id)::text, count(*)::text FROM result"

  /// Two processes that begin at the same moment, one of which is done before the other gets on: each has its run.
  @Test func eachStartOfAJobWithoutIntervalIsARun() async throws {
    try await Self.with { project in
      try project.write("jobs/adhoc.yaml", Self.appending)
      let output = try project.newOutput()
      let slow = try project.start(
        ["run", "adhoc"], environment: ["TIDEMARK_FAILPOINT": "run.open:1:stop"], output: output)
      try await Patience.until("it stands before its run") { slow.exit != nil || slow.standsStill }
      let other = try await project.run(["run", "adhoc"])
      try #require(other.status == 0, "\(other.output)")
      slow.signal(SIGCONT)
      let run = try await project.end(of: slow, output: output)
      #expect(run.status == 0, "\(run.output)")
      #expect(try await project.rows(Self.runs) == [["2", "20"]])
    }
  }

  /// Without an interval a run stands for itself, also where the state that knew of the others was lost.
  @Test func aLostStateTakesNobodysRows() async throws {
    try await Self.with { project in
      try project.write("jobs/adhoc.yaml", Self.appending)
      for (number, more) in [
        [], ["--state", project.path("b/state.db")], ["--state", project.path("c/state.db"), "--again"],
      ].enumerated() {
        let run = try await project.run(["run", "adhoc"] + more)
        #expect(run.status == 0, "\(run.output)")
        #expect(try await project.rows(Self.runs) == [["\(number + 1)", "\(10 * (number + 1))"]])
      }
      let first = try await project.run(["run", "adhoc"])
      #expect(first.status == 0, "\(first.output)")
      #expect(try await project.rows(Self.runs) == [["4", "40"]])
      #expect(
        try await project.rows(
          "SELECT split_part(identity, '|', 4), revision FROM tidemark.publications ORDER BY 1")
          == [["#1", "1"], ["#2", "1"], ["#3", "1"], ["#4", "1"]])
    }
  }

  /// Whoever waits for a process that stands still says for whom, and does not do so for ever.
  @Test func aStoppedPublishIsNamed() async throws {
    try await Self.with { project in
      try project.write("jobs/first.yaml", Self.job("first", "connection: db, mode: replace"))
      try project.write(
        "jobs/second.yaml",
        Self.job(
          "second", "connection: db, mode: replace",
          more: "errors: {retry: {initial: 100ms, max: 100ms, give_up_after: 3s}}"))
      let output = try project.newOutput()
      let first = try project.start(
        ["run", "first"], environment: ["TIDEMARK_FAILPOINT": "publish.middle:1:stop"], output: output)
      try await Patience.until("it stands within its publish") { first.exit != nil || first.standsStill }
      let second = try await project.run(["run", "second"], environment: ["TIDEMARK_SILENCE_MS": "200"])
      #expect(second.status == 1 && second.output.contains("error[lock_held]"), "\(second.output)")
      let named = #/waits for a lock that is held by process \d+ \(tidemark first /#
      #expect(second.output.firstMatch(of: named) != nil, "\(second.output)")
      #expect(second.output.contains("the lock is held by process"), "\(second.output)")
      first.signal(SIGCONT)
      let ended = try await project.end(of: first, output: output)
      #expect(ended.status == 0, "\(ended.output)")
      let again = try await project.run(["run", "second"])
      #expect(again.status == 0, "\(again.output)")
    }
  }

  /// Two names of one database do not make two tables of one; two databases do.
  @Test func oneTableByTwoConnectionsIsFound() async throws {
    try await Self.with { project in
      try project.write(
        "tidemark.yaml",
        project.file().replacing(
          "defaults:",
          with: "  same: {url: \"\(project.database)\", search_path: [public], ledger: other}\ndefaults:"))
      for (first, second) in [("db", "same"), ("same", "db")] {
        try project.write(
          "jobs/adhoc.yaml",
          Self.job("adhoc", "connection: \(first), mode: append", "connection: \(second), mode: append"))
        for command in ["plan", "run"] {
          let run = try await project.run([command, "adhoc"])
          #expect(
            run.status == 3 && run.output.contains("error[duplicate_name]")
              && run.output.contains("lead to one database"), "\(run.output)")
        }
      }
      #expect(try await project.rows("SELECT to_regclass('result') IS NULL") == [["t"]])
    }
  }
}
