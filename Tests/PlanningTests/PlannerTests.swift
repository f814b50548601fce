import Expressions
import Model
import Testing

@testable import Planning

/// Questions and answers of the planner, against a faked catalogue.
@Suite struct PlannerTests {
  private func faults(_ job: Job, _ catalogue: PlanSamples.Catalogue = .init()) -> [String] {
    var catalogue = catalogue
    do {
      _ = try PlanSamples.plan(job, &catalogue)
      return []
    } catch {
      return error.all.map { "\($0.code): \($0.sentence)" }
    }
  }

  @Test func aTableSource() throws {
    var catalogue = PlanSamples.Catalogue()
    let plan = try PlanSamples.plan(PlanSamples.job(), &catalogue)
    #expect(plan.chunks.count == 4)
    #expect(plan.chunks.map(\.id.number) == [0, 1, 2, 3])
    #expect(
      plan.chunks[1].copy(plan.sources[0].sent, as: .binary).text
        == #"COPY (SELECT "mode", "price" FROM "public"."orders" WHERE ctid >= '(2500,0)'::tid AND ctid < '(5000,0)'::tid) TO STDOUT (FORMAT binary)"#
    )
    #expect(plan.sources[0].chunking == .ctid)
    #expect(plan.sources[0].isProvable)
    #expect(plan.sources[0].fileNodes == ["public.orders": 77])
    #expect(plan.sources[0].locked == [QualifiedName("public", "orders")])
    #expect(plan.result.map(\.name) == ["mode", "total"])
    #expect(plan.resultKey == ["mode"])
    #expect(plan.rowOrder.isEmpty)
    // Two rounds: what there is, then how much of the columns that are used.
    #expect(catalogue.asked.count == 4)
    #expect(
      catalogue.asked.last
        == .estimate(connection: "shop", "SELECT \"mode\", \"price\" FROM \"public\".\"orders\""))
  }

  /// The dates of a table come as numbers of days where the fetch is text; those of a view may cost much to name
  /// twice, and in binary form a date is its days already.
  @Test func datesAreSentAsTheyCostTheServerLeast() throws {
    func sent(_ kind: TableFacts.Kind, _ type: SQLType, _ price: SQLType = .numeric(nil)) throws -> String {
      var catalogue = PlanSamples.Catalogue()
      catalogue.columns = [ColumnSchema(name: "mode", type: type), ColumnSchema(name: "price", type: price)]
      catalogue.table = PlanSamples.table(kind, columns: catalogue.columns)
      return try PlanSamples.plan(PlanSamples.job(), &catalogue).sources[0].sent.text
    }
    let plain = #""mode", "price""#
    #expect(try sent(.table, .text) == plain)
    #expect(try sent(.view, .date) == plain)
    #expect(try sent(.foreign, .date) == plain)
    #expect(try sent(.table, .date, .double) == plain)
    for kind in [TableFacts.Kind.table, .materialized] {
      #expect(
        try sent(kind, .date) == """
          CASE WHEN pg_catalog.isfinite("mode") THEN pg_catalog.date_mi("mode", date '2000-01-01') WHEN \
          pg_catalog.date_gt("mode", date '2000-01-01') THEN 2147483647 WHEN \
          pg_catalog.date_lt("mode", date '2000-01-01') THEN -2147483648 END AS "mode", "price"
          """)
    }
  }

  @Test func theFilterStandsInEveryChunkAndInTheBoundaries() throws {
    var catalogue = PlanSamples.Catalogue()
    let source = PlanSamples.source(
      filter: "price > 1 OR price < 0", chunk: ChunkRule(kind: .key, rows: 400_000, columns: ["id"]))
    let plan = try PlanSamples.plan(PlanSamples.job([source]), &catalogue)
    #expect(plan.chunks.count == 3)
    #expect(plan.chunks.allSatisfy { $0.predicate?.text.contains("(\nprice > 1 OR price < 0\n)") == true })
    guard case .rows(_, let sql)? = catalogue.asked.last else {
      Issue.record("no boundaries were asked for")
      return
    }
    #expect(sql.text.contains("WHERE \"id\" IS NOT NULL AND (\nprice > 1 OR price < 0\n)"))
    #expect(plan.chunks.map(\.range) == ["id to before 100", "id from 100 to before 200", "id from 200"])
  }

  /// A NULL key and one that a grouping set leaves out look the same: such groups have no key of their own.
  @Test func severalGroupingSetsHaveNoKey() throws {
    var job = PlanSamples.job()
    for (sets, key) in [(nil, ["mode"]), ([["mode"]], ["mode"]), ([["mode"], []], [])]
      as [([[String]]?, [String])]
    {
      job.aggregate?.groupingSets = sets
      var catalogue = PlanSamples.Catalogue()
      #expect(try PlanSamples.plan(job, &catalogue).resultKey == key)
    }
  }

  /// Steps read as the job file has them.
  @Test func stepsAreShownAsTheJobFileHasThem() throws {
    var catalogue = PlanSamples.Catalogue()
    var job = PlanSamples.job(
      steps: [
        Step(
          name: "clean",
          action: .sanitize([
            .init(
              column: "mode",
              operations: [
                .trim, .collapseSpaces, .stripControl, .nfc, .upper, .lower, .nullIfEmpty, .truncate(5),
                .mask(keep: 2), .redact(pattern: #"\d"x"#),
              ], place: PlanSamples.place)
          ]), onFail: .fail, place: PlanSamples.place),
        parse("mode", "a", .integer), parse("mode", "b", .numeric(.init(precision: 8, scale: 2))),
        parse("mode", "c", .date(pattern: nil)), parse("mode", "d", .date(pattern: "DD.MM.YYYY")),
        parse("mode", "e", .timestamp(pattern: "YYYY", zone: "Europe/Berlin")),
        parse("mode", "f", .boolean), parse("mode", "g", .json(path: "$.a[0]")),
      ])
    job.aggregate?.measures[0].value = SourceText("count(*)")
    let lines = PlanText(try PlanSamples.plan(job, &catalogue), stores: job.sinks).lines
    for line in [
      #"  sanitize mode: [trim, collapse_spaces, strip_control, nfc, upper, lower, null_if_empty, "#
        + #"{truncate: 5}, {mask: 2}, {redact: "\\d\"x"}]"#,
      "  parse {column: mode, as: integer, into: a} gives bigint",
      "  parse {column: mode, as: numeric(8,2), into: b} gives numeric(8,2)",
      "  parse {column: mode, as: date, into: c} gives date",
      #"  parse {column: mode, as: date, pattern: "DD.MM.YYYY", into: d} gives date"#,
      #"  parse {column: mode, as: timestamp, pattern: "YYYY", zone: "Europe/Berlin", into: e} gives timestamp with time zone"#,
      "  parse {column: mode, as: boolean, into: f} gives boolean",
      #"  parse {column: mode, as: json, path: "$.a[0]", into: g} gives text"#,
    ] { #expect(lines.contains(line), "\(line)\nis not among\n\(lines.joined(separator: "\n"))") }
  }

  /// A name that an expression takes only in quotes is shown in them, whatever part of the plan names it.
  @Test func namesAreShownAsExpressionsTakeThem() throws {
    var catalogue = PlanSamples.Catalogue()
    var job = PlanSamples.job(
      steps: [
        Step(
          name: "net",
          action: .derive([.init(name: "Net Total", expression: SourceText("price * 2"))]), onFail: .fail,
          place: PlanSamples.place),
        Step(
          name: "dear", action: .filter(SourceText("\"Net Total\" > 1")), onFail: .fail,
          place: PlanSamples.place),
      ])
    job.aggregate?.groupBy = [.init(name: "order", expression: SourceText("mode"))]
    job.aggregate?.measures = [
      .init(name: "Say \"all\"", value: SourceText("sum(\"Net Total\")"), type: nil, description: nil)
    ]
    let plan = PlanText(try PlanSamples.plan(job, &catalogue), stores: job.sinks)
    for line in [
      "  derive \"Net Total\" numeric = price * 2", "  filter \"Net Total\" > 1",
      "  key \"order\" text = mode", "  \"Say \"\"all\"\"\" numeric = sum(\"Net Total\")",
      "  \"order\" text", "  \"Say \"\"all\"\"\" numeric", "  mode text",
    ] { #expect(plan.lines.contains(line), "\(line)\nis not among\n\(plan.lines.joined(separator: "\n"))") }
    // Programs get the name itself.
    #expect(plan.json.text.contains("\"name\":\"order\""), "\(plan.json.text)")
  }

  private func parse(_ column: String, _ into: String, _ target: Step.Parsing.Target) -> Step {
    Step(
      name: into, action: .parse(.init(column: column, into: into, target: target)), onFail: .quarantine,
      place: PlanSamples.place)
  }

  /// Answers out of turn are a fault of the program, not the end of the process.
  @Test func answersOutOfTurnAreFaults() throws {
    var planner = Planner(
      PlanRequest(job: PlanSamples.job(), references: ReferenceScope(), connections: PlanSamples.connections))
    #expect(throws: Faults([Planner.outOfTurn("answers come after `begin` and before the plan")])) {
      _ = try planner.on([])
    }
    _ = try planner.begin()
    #expect(throws: Faults.self) { _ = try planner.on([]) }
  }

  @Test func aQuerySource() throws {
    var catalogue = PlanSamples.Catalogue()
    let source = PlanSamples.source(.query(SourceText("SELECT * FROM orders")))
    let plan = try PlanSamples.plan(PlanSamples.job([source]), &catalogue)
    #expect(plan.chunks.map(\.range) == ["all rows"])
    #expect(
      plan.chunks[0].copy(plan.sources[0].sent, as: .text).text
        == "COPY (SELECT \"mode\", \"price\" FROM (\nSELECT * FROM orders\n) AS \"source\") TO STDOUT (FORMAT text)"
    )
    #expect(!plan.sources[0].isProvable)
    #expect(plan.sources[0].locked == [QualifiedName("public", "orders")])
    // The query is prepared by itself before it is put together with anything.
    #expect(
      catalogue.asked.contains(
        .columns(
          connection: "shop", "SELECT * FROM (\nSELECT * FROM orders\n) AS source",
          place: SourceText("SELECT * FROM orders").place)))
  }

  @Test func twoSourcesAreToldApart() throws {
    var catalogue = PlanSamples.Catalogue()
    let several = [PlanSamples.source(name: "north"), PlanSamples.source(name: "south", connection: "other")]
    var job = PlanSamples.job(several)
    job.aggregate?.groupBy.append(.init(name: "from", expression: SourceText("source_name")))
    let plan = try PlanSamples.plan(job, &catalogue)
    #expect(plan.sources.map(\.connection) == ["shop", "other"])
    #expect(plan.chunks.map(\.source) == [0, 0, 0, 0, 1, 1, 1, 1])
    #expect(plan.chunks.map(\.id.number) == Array(0..<8))
    #expect(plan.chunks[0].columns.text == #""mode", "price", ('north'::text) AS "source_name""#)
    #expect(plan.chunks[4].columns.text == #""mode", "price", ('south'::text) AS "source_name""#)
    #expect(plan.chunks[0].range.hasPrefix("north: pages"))
  }

  @Test func addedColumnsAreComputedByPostgres() throws {
    var catalogue = PlanSamples.Catalogue()
    let source = PlanSamples.source(
      addColumns: [.init(name: "year", sql: SourceText("extract(year from at)::int"))])
    var job = PlanSamples.job(
      [source],
      steps: [
        Step(
          name: "this year", action: .filter(SourceText("year = 2026")), onFail: .fail,
          place: PlanSamples.place)
      ])
    job.aggregate?.groupBy.append(.init(name: "year", expression: SourceText("year")))
    let plan = try PlanSamples.plan(job, &catalogue)
    #expect(plan.chunks[0].columns.text.contains("(\nextract(year from at)::int\n) AS \"year\""))
    // A WHERE clause cannot name what the select list makes, so this filter stays here.
    #expect(plan.pushedDown.isEmpty)
    #expect(plan.pipeline.steps.count == 1)
  }

  @Test func aColumnOfTheSelectListIsNoChunkKey() {
    let source = PlanSamples.source(
      addColumns: [.init(name: "year", sql: SourceText("extract(year from at)::int"))],
      chunk: ChunkRule(kind: .key, rows: 10, columns: ["year"], place: PlanSamples.place))
    #expect(
      faults(PlanSamples.job([source])) == [
        "bad_chunk: `chunk` names `year`, which `add_columns` makes; chunks need a column of the source itself"
      ])
    let named = PlanSamples.source(chunk: ChunkRule(kind: .key, rows: 10, columns: ["source_name"]))
    #expect(faults(PlanSamples.job([named])).map { $0.prefix(9) } == ["bad_chunk"])
    // Also where the source is one chunk today.
    let misspelt = PlanSamples.source(
      chunk: ChunkRule(kind: .key, rows: nil, columns: ["idd"], place: PlanSamples.place))
    #expect(
      faults(PlanSamples.job([misspelt]), PlanSamples.Catalogue(estimate: PlanSamples.estimate(10))) == [
        "unknown_column: `chunk` names the column `idd`, which the source does not have"
      ])
  }

  @Test(arguments: [
    Lookup.From.table(connection: Template(literal: "other"), name: Template(literal: "public.modes")),
    .file(path: "modes.csv"),
  ])
  func lookups(_ from: Lookup.From) throws {
    var catalogue = PlanSamples.Catalogue()
    let lookup = Lookup(
      from: from, match: [.init(name: "mode", column: "code", place: PlanSamples.place)],
      take: [.init(name: "mode_title", column: "title", place: PlanSamples.place)], onMissing: .keep,
      onDuplicate: .error, maximumRows: nil)
    var job = PlanSamples.job(steps: [
      Step(name: "modes", action: .lookup(lookup), onFail: .fail, place: PlanSamples.place)
    ])
    job.aggregate?.groupBy = [.init(name: "mode_title", expression: SourceText("mode_title"))]
    let plan = try PlanSamples.plan(job, &catalogue)
    switch plan.lookups[0].origin {
    case .query(let connection, let sql):
      #expect(connection == "other")
      #expect(sql.text == #"SELECT "code", "title" FROM "public"."modes""#)
    case .file(let path, let columns):
      #expect(path == "modes.csv")
      #expect(columns == ["code", "title"])
    }
    #expect(plan.lookups[0].maximumRows == 1_000_000)
    #expect(plan.result.map(\.name) == ["mode_title", "total"])
  }

  @Test func partitionsThatAreNotReadAreLeftOut() throws {
    var catalogue = PlanSamples.Catalogue()
    catalogue.table = PlanSamples.table(
      .partitioned, pages: 0,
      partitions: ["p1", "p2", "p3"].map { PlanSamples.partition($0, pages: 4000) })
    catalogue.estimate = PlanSamples.estimate(
      1_000_000, relations: [QualifiedName("public", "p1"), QualifiedName("public", "p3")])
    let plan = try PlanSamples.plan(PlanSamples.job(), &catalogue)
    #expect(
      Set(plan.chunks.map(\.relation.text)) == [
        #"ONLY "public"."p1" AS "orders""#, #"ONLY "public"."p3" AS "orders""#,
      ])
    // All of them are locked: a partition that is skipped now must not become another one meanwhile.
    #expect(plan.sources[0].locked.count == 4)
  }

  @Test func allFaultsAtOnce() {
    var source = PlanSamples.source(connection: "shpo", filter: "a; b")
    source.addColumns = [.init(name: "n", sql: SourceText("now()"))]
    let lookup = Lookup(
      from: .table(connection: Template(literal: "nowhere"), name: Template(literal: "t")), match: [],
      take: [],
      onMissing: .keep, onDuplicate: .error, maximumRows: nil)
    let job = PlanSamples.job(
      [source],
      steps: [
        Step(name: "l", action: .lookup(lookup), onFail: .fail, place: PlanSamples.place)
      ])
    let found = faults(job)
    #expect(found.count == 4, "\(found)")
    #expect(found.first == "unknown_connection: There is no connection `shpo`")
    #expect(found.last == "unknown_connection: There is no connection `nowhere`")
  }

  @Test func faultsOfTheCatalogue() {
    var catalogue = PlanSamples.Catalogue()
    catalogue.table.isReadable = false
    #expect(
      faults(PlanSamples.job(), catalogue) == ["no_privilege: The role may not select from `public.orders`"])
    let source = PlanSamples.source(
      chunk: ChunkRule(kind: .time, columns: ["mode"], span: CalendarAmount(days: 1)), sensitive: [])
    #expect(
      faults(PlanSamples.job([source])) == [
        "bad_chunk: Time windows need a date or timestamp; `mode` is text"
      ])
    #expect(
      faults(PlanSamples.job([PlanSamples.source(sensitive: ["emial"])]))
        == ["unknown_column: `sensitive` names `emial`, which the source does not have"])
    var twice = PlanSamples.Catalogue()
    twice.columns.append(ColumnSchema(name: "mode", type: .text))
    let query = PlanSamples.source(.query(SourceText("SELECT 1")))
    #expect(
      faults(PlanSamples.job([query]), twice) == ["duplicate_column: The source has two columns `mode`"])
  }
}
