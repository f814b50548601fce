import DemoServer
import Model
import Postgres
import ProjectRig
import Testing

/// Types of a database's own go from one database into another, where they have the same names and other numbers.
@Suite(.timeLimit(.minutes(5))) struct OtherDatabaseTests {
  private static let types = [
    "CREATE TYPE mood AS ENUM ('glad', 'sad')", "CREATE DOMAIN amount AS numeric(9,2)",
    "CREATE TYPE pair AS (a integer, b text)",
    "CREATE TABLE feelings (id integer PRIMARY KEY, moods mood[], amounts amount[], pair pair)",
  ]

  private static let feelings = """
    INSERT INTO feelings SELECT i, ARRAY['sad', 'glad']::mood[], ARRAY[i, NULL]::amount[], ROW(i, 'x')::pair
    FROM generate_series(1, 3) AS i
    """

  private static let all = "SELECT id::text, moods::text, amounts::text, pair::text FROM "

  /// - Parameter body: is also given a session of the other database.
  private static func with(_ body: (TidemarkProject, Connection) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(types + [feelings])
      try await SharedServer.withDatabase { settings in
        let other = try await Connection.open(settings)
        for statement in types { try await other.execute(SQLText(trusted: statement)) }
        let name = try await other.query("SELECT current_database()").onlyRow[0] ?? ""
        let url = try await SharedServer.shared().connectionString(database: name)
        let connections = """
            other: {url: "\(url)", search_path: [public]}
            plain: "\(project.database)"

          """
        try project.write(
          "tidemark.yaml", project.file().replacing("defaults:", with: "\(connections)defaults:"))
        try await CleanUp.after {
          try await body(project, other)
        } cleanUp: {
          await other.close()
        }
      }
    }
  }

  /// The first run makes the table, the second one finds it, whichever schemas either session looks into.
  @Test(arguments: ["replace", "append", "merge, key: [id]"], ["db", "plain"])
  func goIntoATableOfTheSameTypes(_ mode: String, _ source: String) async throws {
    try await Self.with { project, other in
      try project.write(
        "jobs/copy.yaml",
        """
        version: 1
        job: copy
        source: {connection: \(source), table: public.feelings}
        process: [{select: [id, moods, amounts, pair]}]
        store: [{table: {connection: other, name: public.copied, create: true, mode: \(mode)}}]

        """)
      for _ in 0..<2 {
        let run = try await project.run(["run", "copy"])
        #expect(run.status == 0, "\(run.output)")
        try await project.sql("UPDATE feelings SET pair = ROW(id, 'y')::pair")
      }
      let copied = try await other.query(
        SQLText(trusted: Self.all + "copied ORDER BY id, pair DESC LIMIT 3")
      ).rows.map { row in (0..<row.count).map { row[$0] ?? "NULL" } }
      let twice = mode == "append"
      #expect(
        copied
          == (twice ? [1, 1, 2] : [1, 2, 3]).enumerated().map { number, id in
            ["\(id)", "{sad,glad}", "{\(id).00,NULL}", "(\(id),\(twice && number == 1 ? "x" : "y"))"]
          })
    }
  }

  /// Told by `plan`, which reads no row, and before a run does.
  @Test func aTypeThatIsNotThereIsToldAtOnce() async throws {
    try await Self.with { project, other in
      try await other.execute("DROP TABLE feelings; DROP TYPE pair")
      try project.write(
        "jobs/copy.yaml",
        """
        version: 1
        job: copy
        source: {connection: plain, table: public.feelings}
        process: [{select: [id, moods, amounts, pair]}]
        store: [{table: {connection: other, name: public.copied, create: true, mode: replace}}]

        """)
      for command in ["plan", "run"] {
        let told = try await project.run([command, "copy"])
        #expect(
          told.status == 3 && told.output.contains("has no type `public.pair`, which column `pair` of"),
          "\(told.output)")
        #expect(!told.output.contains("mood"), "\(told.output)")
      }
      try await other.execute("CREATE TYPE pair AS (a integer, b text)")
      let run = try await project.run(["run", "copy"])
      #expect(run.status == 0, "\(run.output)")
    }
  }

  @Test(arguments: ["db", "plain"])
  func comeTogetherFromBoth(_ source: String) async throws {
    try await Self.with { project, other in
      try await other.execute(SQLText(trusted: Self.feelings))
      try project.write(
        "jobs/both.yaml",
        """
        version: 1
        job: both
        source:
          - {connection: \(source), table: public.feelings, name: here}
          - {connection: other, table: feelings, name: there}
        process: [{select: [id, moods, amounts, pair, source_name]}]
        store: [{table: {connection: db, name: public.together, create: true, mode: replace}}]

        """)
      let run = try await project.run(["run", "both"])
      #expect(run.status == 0, "\(run.output)")
      let rows = try await project.rows(Self.all + "together ORDER BY id LIMIT 2")
      #expect(
        rows == [["1", "{sad,glad}", "{1.00,NULL}", "(1,x)"], ["1", "{sad,glad}", "{1.00,NULL}", "(1,x)"]])
    }
  }
}
