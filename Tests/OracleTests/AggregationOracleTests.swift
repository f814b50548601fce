import ProjectRig
import Testing

/// Whole aggregations (grouping sets, filters, lists, percentiles) against Postgres, in memory and spilled, and the
/// same rows cut in every way there is.
@Suite(.timeLimit(.minutes(8))) struct AggregationOracleTests {
  @Test func everyAggregation() async throws {
    try await TidemarkProject.withManyRows { project in
      for aggregation in try Aggregation.read("aggregations.txt") {
        try await OracleJob(project: project, table: "many_rows", aggregation: aggregation).check(
          Cut.spilling)
      }
    }
  }

  @Test func everyKindOfChunk() async throws {
    try await TidemarkProject.withManyRows { project in
      try await OracleJob(project: project, table: "many_rows", aggregation: Self.mixed("many_rows"))
        .check(Cut.all)
    }
  }

  @Test func everyWayToCutPartitions() async throws {
    try await TidemarkProject.withManyRows { project in
      try await OracleJob(project: project, table: "parts", aggregation: Self.mixed("parts")).check([
        Cut(chunk: "{by: none}", parallelism: 1),
        Cut(chunk: "{by: partition}", parallelism: 1),
        Cut(chunk: "{by: partition}", parallelism: 4, memory: "1kB"),
        Cut(chunk: "{by: auto, rows: 500}", parallelism: 2),
        Cut(chunk: "{by: key, column: row_no, rows: 900}", parallelism: 4),
        Cut(chunk: "{by: time, column: seen, span: 20d}", parallelism: 2),
      ])
    }
  }

  /// Sketches are as near to the exact answer as the docs say, and the same bytes however they are made.
  @Test func sketchesKeepTheirWord() async throws {
    try await TidemarkProject.withManyRows { project in
      let aggregation = Aggregation(
        name: "sketches",
        job: """
          group_by: [k_small]
          measures:
            kinds: approx_count_distinct(u)
            exact_kinds: count(distinct u)
            few: approx_count_distinct(k_num)
            exact_few: count(distinct k_num)
            middle: approx_percentile(int, 0.5)
            exact_middle: percentile_disc(0.5) within group (order by int)
            tail: approx_percentile(money, 0.99)
            exact_tail: percentile_disc(0.99) within group (order by money)
            low: approx_percentile(f8, 0.1)
            exact_low: percentile_disc(0.1) within group (order by f8)
          """, query: "SELECT * FROM result")
      try await OracleJob(project: project, table: "many_rows", aggregation: aggregation).check(Cut.spilling)
      // Three standard errors of 0.81 % for counts, 0.4 % for percentiles.
      let wrong = try await project.rows(
        """
        SELECT * FROM result WHERE abs(kinds - exact_kinds) > exact_kinds * 0.0244 OR few <> exact_few
        OR abs(middle - exact_middle) > abs(exact_middle) * 0.004
        OR abs(tail - exact_tail) > abs(exact_tail) * 0.004 OR abs(low - exact_low) > abs(exact_low) * 0.004
        """)
      #expect(wrong == [])
      #expect(try await project.rows("SELECT count(*) FROM result") == [["4"]])
    }
  }

  /// Dates come as their days where they lie in a table: every kind of them, of whatever relation.
  @Test func everyDate() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE DOMAIN workday AS date", "CREATE TABLE days (d date, w workday, amount numeric(9, 2))",
        """
        INSERT INTO days SELECT d::date, d::date, row_number() OVER () + 0.25 FROM unnest(ARRAY['-infinity', 'infinity', NULL,
        '4714-11-24 BC', '0044-03-15 BC', '0001-12-31 BC', '0001-01-01', '1970-01-01', '1999-12-31', '2000-01-01',
        '2000-01-02', '2024-02-29', '9999-12-31', '10000-01-01', '5874897-12-31']) AS d, generate_series(1, 3)
        """,
        "CREATE VIEW seen_days AS SELECT * FROM days",
        "CREATE MATERIALIZED VIEW kept_days AS SELECT * FROM days",
        "CREATE TABLE parted (LIKE days) PARTITION BY HASH (amount)",
        "CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "INSERT INTO parted SELECT * FROM days")
      for table in ["days", "seen_days", "kept_days", "parted"] {
        let aggregation = Aggregation.of(
          [
            OracleCase(expression: "count(*)", sql: "count(*)"),
            OracleCase(expression: "sum(amount)", sql: "sum(amount)"),
            OracleCase(expression: "min(w)", sql: "min(w)::date"),
          ], by: [OracleCase(expression: "d", sql: "d")], table: table)
        try await OracleJob(project: project, table: table, aggregation: aggregation).check([
          Cut(chunk: "{by: none}", parallelism: 1),
          Cut(chunk: "{by: time, column: d, span: 1000y}", parallelism: 2),
        ])
      }
    }
  }

  /// The rows' own keys grow beyond the borders that were measured, after the plan was saved: the first and the last
  /// chunk take them.
  @Test func rowsBeyondTheMeasuredEnds() async throws {
    for chunk in [
      "{by: key, column: row_no, rows: 700}", "{by: time, column: seen, span: 5d}", "{by: ctid, rows: 300}",
    ] {
      try await TidemarkProject.withManyRows { project in
        try project.write(
          "jobs/late.yaml",
          """
          version: 1
          job: late
          source: {connection: db, table: many_rows, chunk: \(chunk)}
          aggregate: {group_by: [hot], measures: {n: count(*), total: sum(money), keys: count(distinct row_no)}}
          store: {table: {connection: db, name: result, mode: replace, create: true}}

          """)
        #expect(try await project.run(["run", "late"], failpoint: "plan.saved:1:kill").wasKilled)
        try await project.sql(
          """
          INSERT INTO many_rows (row_no, hot, money, seen) VALUES (-2000000000, 1, 1, '1970-01-01'),
          (2000000000, NULL, 2, '2999-01-01'), (2000000001, 7, 3, 'infinity'), (2000000002, 7, 4, NULL)
          """)
        let run = try await project.run(["run", "late"])
        try #require(run.status == 0, "\(run.output)")
        #expect(
          try await project.rows("SELECT hot, n, total, keys FROM result ORDER BY 1")
            == (try await project.rows(
              "SELECT hot, count(*), sum(money), count(DISTINCT row_no) FROM many_rows GROUP BY 1 ORDER BY 1"))
        )
      }
    }
  }

  /// Sums, counts and everything that must see each row once, by the key that most rows share.
  private static func mixed(_ table: String) -> Aggregation {
    .of(
      [
        "count(*)", "sum(row_no)", "sum(money)", "avg(big)", "max(f8)", "count(distinct u)",
        "count(distinct hot)",
        "stddev(int)", "percentile_disc(0.5) within group (order by sparse)",
      ].map { OracleCase(expression: $0, sql: $0) }
        + [
          OracleCase(
            expression: "string_agg(vc, ',' order by row_no)", sql: "string_agg(vc, ',' ORDER BY row_no)"),
          OracleCase(expression: "last(u order by row_no)", sql: "(array_agg(u ORDER BY row_no DESC))[1]"),
        ],
      by: [OracleCase(expression: "k_text", sql: "k_text"), OracleCase(expression: "flag", sql: "flag")],
      table: table)
  }
}
