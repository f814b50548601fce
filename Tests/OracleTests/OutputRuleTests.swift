import ProjectRig
import Testing

/// The rules of docs/differences.md by which the same rows give the same bytes, one by one: each over rows in two
/// orders, in one chunk and in one for each row.
@Suite(.timeLimit(.minutes(5))) struct OutputRuleTests {
  struct Rule: Sendable, CustomTestStringConvertible {
    let name: String
    /// The table's columns after `id`.
    let columns: String
    let rows: [String]
    /// What stands between `source` and `store`.
    let job: String
    let file: String
    var order = ""

    var testDescription: String { name }
  }

  static let rules = [
    Rule(
      name: "groups come by their keys, NULLs last", columns: "a text, b int",
      rows: ["'b', 2", "NULL, 1", "'a', NULL", "'a', 2", "'B', 1", "'', 1", "'ä', 1", "'a', -1"],
      job: "aggregate: {group_by: [a, b], measures: {n: count(*)}}",
      file: "a,b,n\n\"\",1,1\nB,1,1\na,-1,1\na,2,1\na,,1\nb,2,1\nä,1,1\n,1,1\n"),
    Rule(
      name: "false before true, NaN above infinity, -0 is 0", columns: "f float8, b bool",
      rows: [
        "'NaN', true", "'-0', false", "'0', false", "'-Infinity', true", "'Infinity', false", "1.5, NULL",
        "1.5, true", "1.5, false",
      ], job: "aggregate: {group_by: [f, b], measures: {n: count(*)}}",
      file:
        "f,b,n\n-Infinity,true,1\n0,false,2\n1.5,false,1\n1.5,true,1\n1.5,,1\nInfinity,false,1\nNaN,true,1\n"
    ),
    Rule(
      name: "intervals by their length", columns: "i interval",
      rows: ["'1 mon'", "'30 days'", "'29 days 24:00'", "'31 days'", "'1 mon -1 day'", "'720:00'"],
      job: "aggregate: {group_by: [i], measures: {n: count(*)}}",
      file: "i,n\n1 mon -1 days,1\n1 mon,4\n31 days,1\n"),
    Rule(
      name: "grouping sets by their place", columns: "a int, b int", rows: ["1, 2", "1, 3", "NULL, 2"],
      job:
        "aggregate: {group_by: [a, b], grouping_sets: [[b], [], [a, b]], measures: {g: \"grouping(a, b)\", n: count(*)}}",
      file: "a,b,g,n\n,2,2,2\n,3,2,1\n,,3,3\n1,2,0,1\n1,3,0,1\n,2,0,1\n"),
    Rule(
      name: "one spelling for equal values", columns: "n numeric, c char(3)",
      rows: ["1.1, 'x'", "1.10, 'x '", "1.100, 'x'", "2, 'x'", "2.0, 'x'"],
      job: "aggregate: {group_by: [n, c], measures: {low: min(n), high: max(n), k: count(*)}}",
      file: "n,c,low,high,k\n1.100,x  ,1.100,1.100,3\n2.0,x  ,2.0,2.0,2\n"),
    Rule(
      name: "ties of first and last are broken by the value", columns: "o int, v text",
      rows: ["1, 'b'", "1, 'a'", "2, 'z'", "2, 'y'"],
      job: "aggregate: {measures: {f: first(v order by o), l: last(v order by o)}}", file: "f,l\na,z\n"),
    Rule(
      name: "ties of lists are broken by the value", columns: "o int, v text",
      rows: ["1, 'b'", "1, 'a'", "0, 'z'", "1, 'c'", "1, NULL"],
      job:
        "aggregate: {measures: {s: \"string_agg(v, ' ' order by o)\", a: array_agg(v order by o desc), u: \"string_agg(v, '')\"}}",
      file: "s,a,u\nz a b c,\"{a,b,c,NULL,z}\",abcz\n"),
    Rule(
      name: "of equally frequent values the least comes first", columns: "v text",
      rows: ["'b'", "'a'", "'c'", "'b'", "'c'", "'d'", "NULL", "NULL", "NULL"],
      job: "aggregate: {measures: {m: mode() within group (order by v), t: \"top_k(v, 3)\"}}",
      file: "m,t\nb,\"{b,c,a}\"\n"),
    Rule(
      name: "float sums are rounded once", columns: "f float8",
      rows: ["1e100", "1", "-1e100", "1e-30", "'-0'"],
      job: "aggregate: {measures: {s: sum(f), a: avg(f), z: sum(f) filter (where f = 0)}}",
      file: "s,a,z\n1,0.2,0\n"),
    Rule(
      name: "rows by the source's key", columns: "v int", rows: ["3", "1", "2"],
      job: "process: [{select: [v, id]}]", file: "v,id\n3,1\n1,2\n2,3\n", order: "id"),
    Rule(
      name: "rows by order_by, then by all columns", columns: "o int, v text",
      rows: ["2, 'a'", "NULL, 'a'", "1, NULL", "1, 'b'", "1, 'b'", "1, 'a'"],
      job: "process: [{select: [v, o]}]", file: "v,o\na,1\nb,1\nb,1\n,1\na,2\na,\n", order: "o"),
    Rule(
      name: "rows without the source's key by all columns", columns: "o int, v text",
      rows: ["2, 'a'", "1, 'b'", "NULL, 'a'", "1, 'a'"], job: "process: [{select: [o, v]}]",
      file: "o,v\n1,a\n1,b\n2,a\n,a\n"),
  ]

  @Test(arguments: rules) func holds(_ rule: Rule) async throws {
    try await TidemarkProject.with { project in
      for isReversed in [false, true] {
        let values = rule.rows.enumerated().map { "(\($0 + 1), \($1))" }
        try await project.sql(
          "DROP TABLE IF EXISTS samples", "CREATE TABLE samples (id int PRIMARY KEY, \(rule.columns))",
          "INSERT INTO samples VALUES \((isReversed ? values.reversed() : values).joined(separator: ", "))",
          "ANALYZE samples")
        for chunk in ["{by: none}", "{by: key, column: id, rows: 1}", "{by: ctid, rows: 1}"] {
          let order = rule.order.isEmpty || rule.order == "id" ? "" : ", order_by: [\(rule.order)]"
          try project.write(
            "jobs/rule.yaml",
            """
            version: 1
            job: rule
            source: {connection: db, table: samples, chunk: \(chunk)}
            \(rule.job)
            store:
              - file: {path: rule.csv\(order)}
              - file: {path: rule.csv.gz\(order)}
            limits: {parallelism: 3}

            """)
          let run = try await project.run(["run", "rule"])
          try #require(run.status == 0, "\(rule.name): \(run.output)")
          let file = try #require(try project.read("out/rule.csv"))
          #expect(String(decoding: file, as: UTF8.self) == rule.file, "\(rule.name), \(chunk)")
          // RFC 1952: no flags, so no name; time 0; made by no system in particular.
          let packed = try #require(try project.read("out/rule.csv.gz"))
          #expect(Array(packed.prefix(8)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0], "\(rule.name), \(chunk)")
        }
      }
    }
  }

  /// Without a unique index nothing but the rows themselves tells their order, least of all how they are cut.
  @Test func rowsWithoutAKeyComeInOneOrderHoweverTheyAreCut() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE loose (a int, b text)",
        "INSERT INTO loose VALUES (3, 'a'), (1, 'c'), (2, 'b'), (NULL, 'd'), (1, 'a')")
      for chunk in [
        "{by: none}", "{by: key, column: b, rows: 1}", "{by: key, column: [b, a], rows: 2}",
        "{by: key, column: a, rows: 2}",
      ] {
        for source in ["table: loose", "query: SELECT * FROM loose"] {
          try project.write(
            "jobs/loose.yaml",
            """
            version: 1
            job: loose
            source: {connection: db, \(source), chunk: \(chunk)}
            process: [{select: [a, b]}]
            store: {file: {path: loose.csv}}

            """)
          let run = try await project.run(["run", "loose"])
          try #require(run.status == 0, "\(chunk): \(run.output)")
          let file = String(decoding: try #require(try project.read("out/loose.csv")), as: UTF8.self)
          #expect(file == "a,b\n1,a\n1,c\n2,b\n3,a\n,d\n", "\(source), \(chunk)")
        }
      }
    }
  }
}
