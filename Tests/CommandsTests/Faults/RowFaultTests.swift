import ProjectRig
import Testing

/// What is said of a row that fails a run: its key, where the job says what failed, and the values.
@Suite(.timeLimit(.minutes(5))) struct RowFaultTests {
  private struct Case: CustomTestStringConvertible, Sendable {
    var body: String
    var expected: [String]
    var testDescription: String { body }
  }

  private static let row = "The row with id = 4321"

  private static let cases = [
    Case(
      body: """
        process:
          - derive: {share: "10 / (n - 4321)"}
          - filter: share > 0
        aggregate: {group_by: [half], measures: {n: count(*)}}
        """,
      expected: ["bad.yaml:5:5: error[22012]: \(row) fails", "10 / (n - 4321): division by zero; n = 4321"]),
    Case(
      body: """
        process: [{filter: "10 / (n - 4321) > 0", name: big share}]
        aggregate: {group_by: [half], measures: {n: count(*)}}
        """, expected: ["error[22012]: \(row) fails step \"big share\"", "division by zero; n = 4321"]),
    Case(
      body: "aggregate: {group_by: [half], measures: {n: count(*), share: sum(10 / (n - 4321)) + 1}}",
      expected: [
        "bad.yaml:4:62: error[aggregate_fault]: \(row) fails the measure `share`",
        "sum(10 / (n - 4321)) + 1: division by zero; n = 4321",
      ]),
    Case(
      body: "aggregate: {group_by: [half], measures: {n: count(*) filter (where 10 / (n - 4321) > 0)}}",
      expected: ["error[aggregate_fault]: \(row) fails the measure `n`", "division by zero; n = 4321"]),
    Case(
      body: "aggregate: {group_by: [{share: 10 / (n - 4321)}], measures: {n: count(*)}}",
      expected: ["error[aggregate_fault]: \(row) fails the group key `share`", "n = 4321"]),
    Case(
      body: "aggregate: {group_by: [half], measures: {n: count(*), share: 10 / (count(*) - 2500)}}",
      expected: [
        "bad.yaml:4:62: error[aggregate_fault]: Computing `share` failed for a group",
        "10 / (count(*) - 2500): division by zero",
      ]),
    Case(
      body: "aggregate: {measures: {word: {value: max(pad), type: \"char(2)\"}}}",
      expected: ["Computing `word` failed", "value too long for type character(2)"]),
  ]

  /// The key is not among the columns that these jobs fetch.
  @Test(arguments: cases) private func aFaultNamesTheRow(_ item: Case) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE many (id int PRIMARY KEY, n int, half int, pad text)",
        "INSERT INTO many SELECT i, i, i % 2, repeat('x', 200) FROM generate_series(1, 5000) AS i",
        "ANALYZE many")
      try project.write(
        "jobs/bad.yaml",
        """
        version: 1
        job: bad
        source: {connection: db, table: many, chunk: {by: ctid, rows: 500}}
        \(item.body)
        store: [{file: {path: bad.csv}}]

        """)
      let run = try await project.run(["run", "bad"])
      #expect(run.status == 1)
      for text in item.expected { #expect(run.output.contains(text), "\(run.output)") }
      #expect(try project.read("out/bad.csv") == nil)
    }
  }

  @Test func withoutAKeyTheChunkIsNamed() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE loose (n int)", "INSERT INTO loose SELECT i FROM generate_series(1, 5000) AS i",
        "ANALYZE loose")
      try project.write(
        "jobs/bad.yaml",
        """
        version: 1
        job: bad
        source: {connection: db, table: loose, chunk: {by: ctid, rows: 2000}}
        process: [{derive: {share: "10 / (n - 4321)"}}]
        aggregate: {measures: {n: sum(share)}}
        store: [{file: {path: bad.csv}}]

        """)
      let run = try await project.run(["run", "bad"])
      #expect(run.status == 1 && run.output.contains("n = 4321; in chunk "), "\(run.output)")
    }
  }
}
