import Model
import Postgres
import ProjectRig
import Runtime
import Seeds
import StateStore
import Testing

/// Whether filters move into Postgres or not, a job of the built program ends alike: the same result, the same rows in quarantine for
/// the same reasons, the same counts, the same fault.
@Suite(.timeLimit(.minutes(10))) struct MovedFilterTests {
  /// How a run ended.
  private struct End: Hashable {
    var status: Int32?
    var fault: String?
    var result: [[String]] = []
    var rejected: [String] = []
    var quarantined: Int64 = 0
    var dropped: Int64 = 0
    var kept: Int64 = 0
  }

  /// A limit by share keeps every filter here, since the share is of the rows that reach the first step.
  private static let limits = (moving: "{max_rows: 1_000_000}", staying: "{max_share: 100%}")

  @Test func jobsEndAlike() async throws {
    let cases = GeneratedCases(16)
    try await TidemarkProject.with { project in
      for statement in PipelineOracle.definitions { try await project.sql(statement) }
      var moved = 0
      for number in 0..<cases.count {
        var random = cases.numbers(-1 - number)
        try await Self.fill(project, &random)
        let pipeline = Self.pipeline(cases, number)
        var ends = try await Self.ends(project, pipeline, chunk: "{by: key, column: id, rows: 15}")
        // Which row is met first that fails the run depends on where chunks end.
        if ends.contains(where: { $0.end.fault != nil }) {
          ends = try await Self.ends(project, pipeline, chunk: "{by: none}")
        }
        let isSame = ends[0].end == ends[1].end
        #expect(isSame, "\(cases), case \(number):\n\(pipeline.yaml())\nmoved \(ends[0])\nnot   \(ends[1])")
        if ends[0].read < ends[1].read { moved += 1 }
      }
      #expect(cases.count < 16 || moved * 4 > cases.count, "filters moved in \(moved) of \(cases.count) jobs")
    }
  }

  /// Every other one begins with a filter that may move, so that there is something to compare.
  private static func pipeline(_ cases: GeneratedCases, _ number: Int) -> GeneratedPipeline {
    var generator = PipelineGenerator(cases.numbers(number))
    let first = number % 2 == 0 ? generator.movable() : nil
    var pipeline = generator.pipeline()
    if let first {
      pipeline.steps.insert(GeneratedStep(name: "first", onFail: "quarantine", action: .filter(first)), at: 0)
    }
    return pipeline
  }

  private static func fill(_ project: TidemarkProject, _ random: inout SeededNumbers) async throws {
    let connection = try await Connection.open(project.settings)
    try await connection.execute("SET TimeZone = 'Europe/Berlin'")
    for statement in PipelineOracle.contents(&random, rows: 60) { try await connection.execute(statement) }
    try await connection.execute("ANALYZE sample")
    await connection.close()
  }

  /// With filters moved and without.
  private static func ends(
    _ project: TidemarkProject, _ pipeline: GeneratedPipeline, chunk: String
  ) async throws -> [(end: End, read: Int64)] {
    var ends: [(end: End, read: Int64)] = []
    for limit in [limits.moving, limits.staying] {
      try project.write(
        "jobs/generated.yaml",
        pipeline.yaml(
          source: "{connection: db, table: sample, chunk: \(chunk)}",
          more: "errors: {quarantine: \(limit)}\nlimits: {parallelism: 3}"))
      ends.append(try await end(project))
    }
    return ends
  }

  private static func end(_ project: TidemarkProject) async throws -> (end: End, read: Int64) {
    // A state and a ledger of its own: a run that failed would be gone on with, one that succeeded be known.
    try await project.sql("DROP SCHEMA IF EXISTS tidemark CASCADE", "DROP TABLE IF EXISTS result")
    let state = try FolderTree.temporary(in: project.folder, prefix: "state-") + "/state.db"
    let run = try await project.run(
      ["run", "generated", "--state", state],
      environment: ["PEPPER": String(decoding: PipelineOracle.pepper, as: UTF8.self)])
    var end = End(status: run.status)
    let store = try await Store.openSQLite(path: state, now: { SystemClock.now })
    let record = try #require(try await store.runs(RunFilter()).first, "\(run.output)")
    end.fault = record.fault?.sentence
    if run.status == 0 {
      end.result = try await project.rows("SELECT r::text FROM result AS r ORDER BY r::text COLLATE \"C\"")
      end.rejected = try await store.rejections(of: record.id, limit: 10_000).map { stored in
        let rejection = stored.rejection
        return
          "\(rejection.key.first?.text ?? "?") \(rejection.step) \(rejection.broken.map { "\($0.rule) \($0.reason)" })"
      }.sorted()
      let rows = record.totals.rows
      (end.quarantined, end.dropped, end.kept) = (rows.quarantined, rows.dropped, rows.kept)
    }
    await store.close()
    return (end, record.totals.rows.read)
  }
}
