import ProjectRig
import Testing

/// `verify` and `plan`, which ask Postgres for what a run computes.
@Suite(.timeLimit(.minutes(5))) struct VerifyTests {
  @Test func verifyHoldsEveryDigitToPostgres() async throws {
    try await SalesProject.with { project in
      let good = try await project.run(["verify", "sales", "--sql"])
      #expect(
        good.status == 0 && good.output.contains("3 rows, every digit as Postgres computes it"),
        "\(good.output)")
      #expect(good.output.contains("GROUPING SETS"))
      try await project.sql("UPDATE result SET total = total + 0.00000001 WHERE shop_name = 'b'")
      let bad = try await project.run(["verify", "sales"])
      #expect(bad.status == 4 && bad.output.contains("2 rows the same, 1 not"), "\(bad.output)")
      #expect(bad.output.contains("shop_name=b  total: "))
      try await project.sql("DELETE FROM result WHERE shop_name = 'b'")
      let gone = try await project.run(["verify", "sales", "--json"])
      #expect(gone.status == 4 && gone.output.contains("\"kind\": \"missing\""), "\(gone.output)")
    }
  }

  /// Runs a job and holds its result to Postgres.
  private func verified(_ job: String, in project: TidemarkProject) async throws -> ProgramRun {
    let run = try await project.run(["run", job])
    try #require(run.status == 0, "\(run.output)")
    return try await project.run(["verify", job])
  }

  /// A job that counts rows and uses no column.
  private static func counting(
    storedOver connection: String, _ body: (TidemarkProject) async throws -> Void
  ) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE bare AS SELECT generate_series(1, 5) AS n")
      let more = ["away: {url: \"host=/nowhere dbname=x\"}", "unset: {url: \"${env.NO_SUCH_VALUE}\"}"]
      try project.write(
        "tidemark.yaml",
        project.file().replacing(
          "defaults:", with: more.map { "  \($0)\n" }.joined() + "defaults:"))
      try project.write(
        "jobs/bare.yaml",
        """
        version: 1
        job: bare
        source: {connection: db, table: bare}
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: \(connection), name: public.counted, mode: replace, create: true}}

        """)
      try await body(project)
    }
  }

  /// Who plans may have no way to the target: the plan is shown, and that it was not looked at.
  @Test(arguments: ["away", "unset"]) func planWarnsOfATargetOutOfReach(_ connection: String) async throws {
    try await Self.counting(storedOver: connection) { project in
      let plan = try await project.run(["plan", "bare"])
      #expect(plan.status == 0 && plan.output.contains("warning["), "\(plan.output)")
      #expect(plan.output.contains("count(*)"), "\(plan.output)")
      let run = try await project.run(["run", "bare"])
      #expect(run.status != 0, "\(run.output)")
    }
  }

  /// Each row of a matrix is held to Postgres, and whatever takes one of them says which.
  @Test func ofAMatrixEachRowIsVerified() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE n AS SELECT generate_series(1, 5) AS n")
      func job(_ tenants: String...) -> String {
        """
        version: 1
        job: many
        matrix: [\(tenants.map { "{tenant: \($0)}" }.joined(separator: ", "))]
        source: {connection: db, table: n}
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: db, name: "of_${matrix.tenant}", mode: replace, create: true}}

        """
      }
      try project.write("jobs/many.yaml", job("acme", "globex"))
      let run = try await project.run(["run", "many"])
      try #require(run.status == 0, "\(run.output)")
      let good = try await project.run(["verify", "many"])
      #expect(good.status == 0, "\(good.output)")
      #expect(good.output.contains("tenant=acme") && good.output.contains("tenant=globex"), "\(good.output)")
      for command in ["show", "results"] {
        let one = try await project.run([command, "many"])
        #expect(one.status == 0 && one.output.contains("one of 2 rows"), "\(one.output)")
      }
      try project.write("jobs/many.yaml", job("acme", "globex", "new"))
      try await project.sql("UPDATE of_acme SET rows = 6", "UPDATE of_globex SET rows = 7")
      let bad = try await project.run(["verify", "many"])
      #expect(bad.status == 4 && bad.output.contains("tenant=acme"), "\(bad.output)")
      #expect(bad.output.contains("many[tenant=new] has no run that has succeeded"), "\(bad.output)")
      try await project.sql("UPDATE of_acme SET rows = 5")
      let other = try await project.run(["verify", "many", "--json"])
      #expect(other.status == 4 && other.output.contains("\"runs\""), "\(other.output)")
      let named = try await project.run(["verify", "many[tenant=acme]"])
      #expect(named.status == 0 && !named.output.contains("globex"), "\(named.output)")
    }
  }

  @Test func verifyCountsRowsWithoutColumns() async throws {
    try await Self.counting(storedOver: "db") { project in
      let verified = try await verified("bare", in: project)
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  @Test func verifyTakesOneSpellingOfEqualValues() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE spelt (f float8, r real, n numeric, i interval)",
        """
        INSERT INTO spelt VALUES ('-0', 0, 1.1, '30 days'), ('0', '-0', 1.10, '1 mon'), ('-0', '-0', 1.100, '720:00'),
          ('NaN', NULL, 'NaN', NULL), (1, 1, NULL, '-1 mons +30 days'), (1, 1, 7, '0')
        """
      )
      try project.write(
        "jobs/spelt.yaml",
        """
        version: 1
        job: spelt
        source: {connection: db, table: spelt}
        aggregate:
          group_by: [f, n, i, {same: r}, r]
          grouping_sets: cube
          measures:
            set: grouping(f, n, i, same, r)
            rows: count(*)
            least: min(r)
            most: max(r)
            lowest: min(n) filter (where f <= 0)
            highest: max(n)
            shortest: min(i)
            longest: max(i) filter (where n < 2)
            once: sum(distinct n)
            mean: avg(distinct n)
            spread: stddev(distinct n) filter (where n < 9)
            time: sum(distinct i)
        store: {table: {connection: db, name: respelt, mode: replace, create: true}}

        """)
      let verified = try await verified("spelt", in: project)
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  /// A column's own precision rounds; what is longer than a column is another text.
  @Test func verifyTakesTheTypesOfTheTable() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source (id int PRIMARY KEY, at timestamp, span interval, word text)",
        "INSERT INTO source VALUES (1, '2026-03-14 01:00:00.6', '1.6 s', 'abcd')",
        "CREATE TABLE stored (id int, at timestamp(0), span interval(0), word varchar(4))")
      try project.write(
        "jobs/copy.yaml",
        """
        version: 1
        job: copy
        source: {connection: db, table: source}
        process: [{select: [id, at, span, word]}]
        store: {table: {connection: db, name: stored, mode: replace}}

        """)
      let verified = try await verified("copy", in: project)
      #expect(verified.status == 0, "\(verified.output)")
      try await project.sql("UPDATE source SET word = 'abcde'")
      let other = try await project.run(["verify", "copy"])
      #expect(other.status == 4, "\(other.output)")
    }
  }

  /// What Postgres may look at before it leaves a row out is no fault; a row that `on_fail` takes out is named.
  @Test(arguments: [(1, 0), (0, 3)])
  func verifyKeepsToTheOrderOfTheSteps(_ divisor: Int, _ status: Int32) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE parts (whole int, divisor int)",
        "INSERT INTO parts VALUES (6, 2), (7, 0), (8, \(divisor))")
      try project.write(
        "jobs/parts.yaml",
        """
        version: 1
        job: parts
        source: {connection: db, table: parts}
        process:
          - filter: "whole::text || divisor::text <> '70' and md5(whole::text) <> ''"
          - filter: whole / divisor > 0
            on_fail: drop
          - derive: {unused: whole / divisor}
            on_fail: drop
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: db, name: counted, mode: replace, create: true}}

        """)
      let verified = try await verified("parts", in: project)
      #expect(verified.status == status, "\(verified.output)")
      #expect(verified.output.contains("error[not_in_sql]") == (status != 0), "\(verified.output)")
    }
  }
}
