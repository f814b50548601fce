import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

/// Limits of rejected rows hold to the row, however many workers count and however often the run is killed and resumed. Beyond them
/// the run ends with 5, and what was published before stays.
@Suite(.timeLimit(.minutes(8))) struct QuarantineLimitTests {
  /// 2,000 rows in chunks of 50; every twentieth is bad, so 100 or 5 %.
  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE readings (id int PRIMARY KEY, amount numeric)",
        "INSERT INTO readings SELECT i, CASE WHEN i % 20 = 0 THEN -i ELSE i END FROM generate_series(1, 2000) AS i",
        "CREATE TABLE result (kind int PRIMARY KEY, n bigint, total numeric)",
        "INSERT INTO result VALUES (9, 9, 9)",
        "ANALYZE readings")
      try await body(project)
    }
  }

  private static func write(_ project: TidemarkProject, limit: String, steps: String = "", workers: Int = 4)
    throws
  {
    try project.write(
      "jobs/limited.yaml",
      """
      version: 1
      job: limited
      source: {connection: db, table: readings, chunk: {by: key, column: id, rows: 50}}
      process:
      \(steps)
        - validate: {expect: amount > 0}
          name: amount is positive
          on_fail: quarantine
      aggregate:
        group_by: [{kind: "id % 7"}]
        measures: {n: count(*), total: sum(amount)}
      store:
        - table: {connection: db, name: result, mode: replace, key: [kind]}
        - file: {path: limited.csv}
      errors: {quarantine: \(limit)}
      limits: {parallelism: \(workers)}

      """)
  }

  private static let published = """
    SELECT id % 7, count(*), sum(amount) FROM readings WHERE amount > 0 GROUP BY 1 ORDER BY 1
    """

  /// The newest run as the state has it, with the rows in quarantine by their keys.
  private static func newest(_ project: TidemarkProject) async throws -> (run: RunRecord, rejected: [String])
  {
    let store = try await Store.openSQLite(path: project.path(".tidemark/state.db"), now: { SystemClock.now })
    let run = try #require(try await store.runs(RunFilter()).first)
    let rejected = try await store.rejections(of: run.id, limit: 10_000).map {
      $0.rejection.key.first?.text ?? ""
    }
    let findings = try await store.check()
    await store.close()
    #expect(findings == [])
    return (run, rejected.sorted())
  }

  private static func expectPublished(_ project: TidemarkProject) async throws {
    #expect(
      try await project.rows("SELECT * FROM result ORDER BY 1") == (try await project.rows(published)))
    #expect(try project.read("out/limited.csv") != nil)
  }

  private static func expectUntouched(_ project: TidemarkProject) async throws {
    #expect(try await project.rows("SELECT * FROM result") == [["9", "9", "9"]])
    #expect(try project.read("out/limited.csv") == nil)
  }

  struct Limit: Sendable, CustomTestStringConvertible {
    var text: String
    var steps = ""
    /// What the run says where it is over.
    var says: String?

    var testDescription: String { text + steps }
  }

  private static let half = "  - filter: id > 1000"

  static let limits = [
    Limit(text: "{max_rows: 100}"), Limit(text: "{max_rows: 99}", says: "more than `max_rows: 99` allows"),
    Limit(text: "{max_rows: 0}", says: "more than `max_rows: 0` allows"),
    Limit(text: "{max_share: 5%}"),
    Limit(
      text: "{max_share: 4.9999%}",
      says: "100 of 2000 rows were rejected, more than `max_share: 4.9999%` allows"),
    // Whichever trips first.
    Limit(text: "{max_rows: 100, max_share: 5%}"),
    Limit(text: "{max_rows: 99, max_share: 100%}", says: "max_rows"),
    Limit(text: "{max_rows: 1000, max_share: 1%}", says: "max_share"),
    // Of the rows that reach the first step: half of them are filtered before they can be rejected.
    Limit(text: "{max_share: 2.5%}", steps: half),
    Limit(text: "{max_share: 2.4999%}", steps: half, says: "50 of 2000 rows were rejected"),
    Limit(text: "{max_rows: 50}", steps: half), Limit(text: "{max_rows: 49}", steps: half, says: "max_rows"),
  ]

  @Test(arguments: limits) func holdToTheRow(_ limit: Limit) async throws {
    try await Self.with { project in
      try Self.write(project, limit: limit.text, steps: limit.steps)
      let run = try await project.run(["run", "limited"])
      guard let says = limit.says else {
        #expect(run.status == 0, "\(run.output)")
        let state = try await Self.newest(project)
        #expect(
          state.rejected.count == (limit.steps.isEmpty ? 100 : 50)
            && Set(state.rejected).count == state.rejected.count)
        #expect(Int(state.run.totals.rows.quarantined) == state.rejected.count)
        if limit.steps.isEmpty { try await Self.expectPublished(project) }
        return
      }
      #expect(run.status == 5, "\(run.output)")
      #expect(run.output.contains("error[quarantine_limit]") && run.output.contains(says), "\(run.output)")
      try await Self.expectUntouched(project)
    }
  }

  /// Killed twice on the way, between a chunk's rows and its checkpoint and behind it: no row counts twice, and none is forgotten.
  @Test(arguments: [
    ("chunk.read:7:kill", "state.checkpoint.after_commit:12:kill"),
    ("state.checkpoint.before_commit:1:kill", "state.checkpoint.after_commit:1:kill"),
    ("state.checkpoint.after_commit:20:kill", "state.checkpoint.before_commit:15:kill"),
    ("state.checkpoint.after_commit:39:kill", "read.done:1:kill"),
  ])
  func holdAcrossResumes(_ first: String, _ second: String) async throws {
    for (limit, isOver) in [
      ("{max_rows: 100, max_share: 5%}", false), ("{max_rows: 99}", true), ("{max_share: 4.9999%}", true),
    ] {
      try await Self.with { project in
        try Self.write(project, limit: limit)
        for failpoint in [first, second] {
          let killed = try await project.run(["run", "limited"], failpoint: failpoint)
          // The limit may be passed before so many checkpoints are reached.
          try #require(killed.wasKilled || isOver && killed.status == 5, "\(failpoint): \(killed.output)")
        }
        let last = try await project.run(["run", "limited"])
        #expect(last.status == (isOver ? 5 : 0), "\(limit): \(last.output)")
        let state = try await Self.newest(project)
        #expect(Set(state.rejected).count == state.rejected.count)
        if isOver {
          try await Self.expectUntouched(project)
        } else {
          #expect(state.rejected.count == 100 && state.run.totals.rows.quarantined == 100)
          #expect(state.run.totals.rows.read == 2000 && state.run.totals.rows.kept == 1900)
          try await Self.expectPublished(project)
        }
      }
    }
  }

  /// The limit is no part of what the chunks are: a run over it goes on with what it has once more is allowed.
  @Test func aRaisedLimitLetsTheRunGoOn() async throws {
    try await Self.with { project in
      try Self.write(project, limit: "{max_share: 4%}")
      #expect(try await project.run(["run", "limited"]).status == 5)
      let refused = try await Self.newest(project)
      #expect(refused.run.totals.rows.read == 2000 && refused.rejected.count == 100)
      // The same again is refused again, with the same numbers.
      #expect(try await project.run(["run", "limited"]).status == 5)
      try await Self.expectUntouched(project)
      try Self.write(project, limit: "{max_share: 5%}")
      let run = try await project.run(["run", "limited"])
      #expect(
        run.status == 0 && run.output.contains("kept=\(refused.run.totals.chunks) recomputed=0"),
        "\(run.output)")
      let state = try await Self.newest(project)
      #expect(state.run.id == refused.run.id && state.rejected == refused.rejected)
      try await Self.expectPublished(project)
    }
  }

  /// One worker or many, the same rows are rejected and the same run is over its limit.
  @Test func workersDoNotMatter() async throws {
    var seen: Set<[String]> = []
    for workers in [1, 2, 8] {
      try await Self.with { project in
        try Self.write(project, limit: "{max_rows: 100}", workers: workers)
        #expect(try await project.run(["run", "limited"]).status == 0)
        seen.insert(try await Self.newest(project).rejected)
        try Self.write(project, limit: "{max_rows: 99}", workers: workers)
        let again = try await project.run(["run", "limited"])
        #expect(again.status == 5, "\(again.output)")
        try await Self.expectPublished(project)
      }
    }
    #expect(seen.count == 1)
  }
}
