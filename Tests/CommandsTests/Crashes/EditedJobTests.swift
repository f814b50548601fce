import DemoServer
import Model
import Postgres
import ProjectRig
import Testing

/// What is edited between a crash and the next run, and decides what chunks hold: none that is finished is kept.
@Suite(.timeLimit(.minutes(5))) struct EditedJobTests {
  private func job(_ process: String, source: String = "table: ab", onResume: String = "auto") -> String {
    """
    version: 1
    job: edited
    source: {connection: db, \(source), chunk: {by: key, column: id, rows: 50}, on_resume: \(onResume)}
    process: [\(process)]
    aggregate: {group_by: [v], measures: {n: count(*)}}
    store:
      - table: {connection: db, name: public.result, mode: replace, create: true}
    limits: {parallelism: 1}

    """
  }

  private func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE ab (id int PRIMARY KEY, a int, b int)",
        "INSERT INTO ab SELECT i, i % 10, 3 FROM generate_series(1, 500) AS i", "ANALYZE ab")
      try await body(project)
    }
  }

  /// Five finished chunks of ten, then `edit`, then the run that must read all of them again.
  private func expectAllReadAgain(
    _ project: TidemarkProject, _ first: String, environment: [String: String] = [:],
    after edit: () async throws -> [String: String]
  ) async throws {
    try project.write("jobs/edited.yaml", first)
    let killed = try await project.run(
      ["run", "edited"], failpoint: "chunk.read:6:kill", environment: environment)
    try #require(killed.wasKilled, "\(killed.output)")
    let environment = try await edit()
    let run = try await project.run(["run", "edited"], environment: environment)
    try #require(run.status == 0, "\(run.output)")
    #expect(run.output.contains("run_superseded"), "\(run.output)")
  }

  private func values(_ project: TidemarkProject) async throws -> [[String]] {
    try await project.rows("SELECT v::text, n::text FROM result ORDER BY v::text")
  }

  @Test(arguments: [
    ("(a / b)::numeric", "a::numeric / b"), ("(a * 0.1)::text", "(a * 0.1::float8)::text"),
    ("2147483648 * a", "2147483648::numeric * a"),
  ])
  func aCastOrATypeAlone(_ before: String, _ after: String) async throws {
    try await with { project in
      try await expectAllReadAgain(project, job("derive: {v: \"\(before)\"}")) {
        try project.write("jobs/edited.yaml", job("derive: {v: \"\(after)\"}"))
        return [:]
      }
      #expect(
        try await values(project)
          == project.rows("SELECT (\(after))::text, count(*)::text FROM ab GROUP BY \(after) ORDER BY 1"))
    }
  }

  /// One value would have two pseudonyms.
  @Test func theKeyOfPseudonyms() async throws {
    try await with { project in
      let text = job("pseudonymise: {take: {v: a}, key: \"${env.PSEUDONYM_KEY}\"}")
      try await expectAllReadAgain(project, text, environment: ["PSEUDONYM_KEY": "old key"]) {
        ["PSEUDONYM_KEY": "new key"]
      }
      #expect(try await values(project).count == 10)
    }
  }

  /// A copy of a database has tables of the same files, and its server counts transactions for both.
  @Test func aCopyOfTheDatabaseTakesItsPlace() async throws {
    try await with { project in
      let admin = try await Connection.open(SharedServer.shared().settings())
      let name = try await project.rows("SELECT current_database()")[0][0]
      let copy = Identifier("\(name)_copy")
      try await admin.execute("CREATE DATABASE \(copy) TEMPLATE \(Identifier(name))")
      try await CleanUp.after {
        try await project.sql("UPDATE ab SET a = a + 1", "VACUUM ab")
        try await expectAllReadAgain(project, job("derive: {v: a}")) {
          try project.write(
            "tidemark.yaml", project.file().replacing("dbname='\(name)'", with: "dbname='\(copy.name)'"))
          return [:]
        }
        let shown = try await project.run(["results", "edited", "--json"])
        #expect(shown.output.contains("\"0\"") && !shown.output.contains("\"10\""), "\(shown.output)")
      } cleanUp: {
        try await admin.execute("DROP DATABASE \(copy) WITH (FORCE)")
        await admin.close()
      }
    }
  }

  @Test func whereNamesWithoutASchemaAreLookedFor() async throws {
    try await with { project in
      let text = job("derive: {v: a}", source: "query: \"SELECT id, a, b FROM ab\"", onResume: "keep")
      try await expectAllReadAgain(project, text) {
        try await project.sql(
          "CREATE SCHEMA other", "CREATE TABLE other.ab AS SELECT id, 1000 AS a, b FROM public.ab")
        try project.write("tidemark.yaml", project.file().replacing("[public]", with: "[other, public]"))
        return [:]
      }
      #expect(try await values(project) == [["1000", "500"]])
    }
  }
}
