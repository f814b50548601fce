import ProjectRig
import Testing

/// What the server refuses in a job's own SQL is told at the word that it means.
@Suite(.timeLimit(.minutes(5))) struct SQLPlaceTests {
  /// The rest of the `source`, and of the job where that is left; `nosuch` stands at the fault.
  static let cases = [
    "  table: many\n  where: id > 1 AND nosuch = 2",
    "  table: many\n  where: |\n    id > ${params.least}\n      AND note <> '$${'\n      AND nosuch = 2",
    "  table: many\n  where: >-\n    id > ${params.least} AND\n    'é' <> 'ü' AND nosuch = 2",
    "  table: many\n  where: \"id > 1 AND note <> 'ü\\u00e9' \\\n      AND nosuch = 2\"",
    "  table: many\n  where: 'note <> ''it''''s'' AND\n     nosuch = 2'",
    "  table: many\n  where: id > ${params.least}\n     AND nosuch = 2",
    "  table: many\n  add_columns: {a: \"id + 1\", b: \"n +\n      nosuch\"}",
    "  query: |\n    SELECT id, n, note,\n      nosuch\n    FROM many",
    "  query: |\n    SELECT id, n, note FROM many\n    WHERE id > ${params.least} -- nosuch_comment\n      AND nosuch_too > 1",
  ]

  @Test(arguments: cases) func theWordIsNamed(source: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE many (id int PRIMARY KEY, n int, note text)")
      let job = """
        version: 1
        params: {least: {type: integer, default: 3}}
        source:
          connection: db
        \(source)
        aggregate: {group_by: [n], measures: {count: count(*)}}
        store: [{table: {connection: db, name: result, mode: replace, create: true}}]

        """
      try project.write("jobs/bad.yaml", job)
      let word = job.contains("nosuch_too") ? "nosuch_too" : "nosuch"
      let lines = job.split(separator: "\n", omittingEmptySubsequences: false)
      let line = try #require(lines.firstIndex { $0.contains(word) })
      let column = try #require(lines[line].firstRange(of: word)).lowerBound
      let letters = lines[line].unicodeScalars.distance(from: lines[line].startIndex, to: column) + 1
      for command in [["plan", "bad"], ["run", "bad"]] {
        let told = try await project.run(command)
        let place = "jobs/bad.yaml:\(line + 1):\(letters): error[unknown_column]"
        #expect(told.status == 3 && told.output.contains(place), "\(place) in \(told.output)")
        #expect(told.output.split(separator: "error[").count == 2, "one error: \(told.output)")
      }
    }
  }

  @Test(arguments: [
    "before_publish: [\"SELECT 1\", \"SELECT 1,\\n  nosuch\"]",
    "before_publish: [\"SELECT 1 +\\n  nosuch(1)\"]",
  ])
  func soItIsInAStatementOfThePublish(key: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE many (id int PRIMARY KEY, n int)")
      let job = """
        version: 1
        source: {connection: db, table: many}
        aggregate: {group_by: [n], measures: {count: count(*)}}
        store:
          - table:
              {connection: db, name: result, mode: replace, create: true, on_empty: publish, \(key)}

        """
      try project.write("jobs/bad.yaml", job)
      let told = try await project.run(["run", "bad"])
      let lines = job.split(separator: "\n", omittingEmptySubsequences: false)
      let line = try #require(lines.firstIndex { $0.contains("nosuch") })
      let column = try #require(lines[line].firstRange(of: "nosuch")).lowerBound
      let letters = lines[line].distance(from: lines[line].startIndex, to: column) + 1
      #expect(told.output.contains("jobs/bad.yaml:\(line + 1):\(letters): error["), "\(told.output)")
    }
  }
}
