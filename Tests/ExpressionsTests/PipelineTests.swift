import Model
import Testing

@testable import Expressions

@Suite struct PipelineTests {
  static let place = Place(file: "jobs/a.yaml", line: 1, column: 1)

  static let fetched = [
    ColumnSchema(name: "id", type: .bigint, isNullable: false),
    ColumnSchema(name: "day", type: .date),
    ColumnSchema(name: "price", type: .numeric(.init(precision: 12, scale: 2))),
    ColumnSchema(name: "share", type: .numeric(.init(precision: 4, scale: 2))),
    ColumnSchema(name: "mode", type: .text),
    ColumnSchema(name: "email", type: .text, isSensitive: true),
    ColumnSchema(name: "unused", type: .jsonb),
    ColumnSchema(name: "odd", type: .text, isNondeterministic: true),
  ]

  static func step(_ action: Step.Action, _ onFail: Step.OnFail = .fail) -> Step {
    Step(name: "step", action: action, onFail: onFail, place: place)
  }

  static func derive(_ entries: [(String, String)]) -> Step {
    step(.derive(entries.map { .init(name: $0.0, expression: SourceText($0.1)) }))
  }

  static func select(_ names: [String]) -> Step {
    step(.select(names.map { .init(name: $0, column: $0, place: place) }))
  }

  static func aggregate(
    _ keys: [(String, String)], _ measures: [(String, String)], sets: [[String]]? = nil, having: String? = nil
  ) -> Aggregate {
    Aggregate(
      groupBy: keys.map { .init(name: $0.0, expression: SourceText($0.1)) }, groupingSets: sets,
      measures: measures.map { .init(name: $0.0, value: SourceText($0.1), type: nil, description: nil) },
      having: having.map { SourceText($0) }, place: place)
  }

  static func check(
    _ steps: [Step], _ aggregate: Aggregate? = nil, lookups: [LookupSchema] = [], rowKey: [Int] = [0]
  ) throws(Faults) -> CheckedPipeline {
    try PipelineChecker(references: Fixture.references, lookups: lookups)
      .check(steps: steps, aggregate: aggregate, fetched: fetched, rowKey: rowKey)
  }

  static func faults(_ steps: [Step], _ aggregate: Aggregate? = nil) -> [String] {
    do {
      _ = try check(steps, aggregate)
      return []
    } catch {
      return error.all.map { "\($0.code): \($0.sentence)" }
    }
  }

  // MARK: Steps

  @Test func entriesOfDeriveUseEachOtherInAnyOrder() throws {
    let checked = try Self.check([
      Self.derive([("tax", "net * 0.19"), ("net", "price * (1 - share)"), ("price", "round(price, 1)")])
    ])
    guard case .derive(let entries) = checked.pipeline.steps[0].action else {
      Issue.record("no derive")
      return
    }
    // `price` stands first: the others see the new one, its own expression the fetched one.
    #expect(entries.map(\.into) == [2, 8, 9])
    #expect(checked.pipeline.processed.map(\.name).suffix(2) == ["net", "tax"])
    #expect(checked.pipeline.processed[8].type == .numeric)
  }

  @Test func aCircleIsNamed() {
    #expect(
      Self.faults([Self.derive([("a", "b + 1"), ("b", "c + 1"), ("c", "a + 1"), ("d", "price")])])
        == ["cycle: These use each other in a circle: `a` → `b` → `c` → `a`"])
  }

  @Test func allFaultsAreReportedOnceEach() {
    let steps = [
      Self.derive([("net", "prise * 2"), ("more", "net + 1")]),
      Self.step(.filter(SourceText("net > 0"))),
      Self.step(.validate([.init(name: "r", expect: SourceText("price + 1"))])),
      Self.step(.drop(["nothing"])),
    ]
    let found = Self.faults(steps, Self.aggregate([("d", "day")], [("n", "sum(net)"), ("m", "sum(mode)")]))
    #expect(
      found == [
        "unknown_column: There is no column `prise` here",
        "type_mismatch: Expected a boolean, this is a numeric",
        "unknown_column: The row has no column `nothing`", "type_mismatch: There is no `sum` of a text",
      ])
  }

  @Test func sensitivityFollowsTheValue() throws {
    let checked = try Self.check([
      Self.derive([("domain", "split_part(email, '@', 2)"), ("plain", "mode || 'x'")]),
      Self.step(
        .pseudonymise(
          take: [.init(name: "ref", column: "email", place: Self.place)], key: Template(literal: "k"))),
    ])
    let sensitive = checked.pipeline.processed.filter(\.isSensitive).map(\.name)
    #expect(sensitive == ["email", "domain"])
  }

  @Test func sanitizedAndParsedColumnsHaveTheirTypes() throws {
    let checked = try Self.check([
      Self.step(.sanitize([.init(column: "mode", operations: [.trim, .nullIfEmpty], place: Self.place)])),
      Self.step(.parse(.init(column: "mode", into: "code", target: .integer))),
      Self.step(.parse(.init(column: "mode", into: nil, target: .timestamp(pattern: nil, zone: "UTC")))),
    ])
    #expect(checked.pipeline.processed.last?.type == .bigint)
    #expect(checked.pipeline.processed[4].type == .timestamptz)
  }

  @Test func lookupsAppendWhatTheyTake() throws {
    let lookup = Lookup(
      from: .file(path: "modes.csv"), match: [.init(name: "mode", column: "code", place: Self.place)],
      take: [.init(name: "label", column: "text", place: Self.place)], onMissing: .keep, onDuplicate: .error,
      maximumRows: nil)
    let schema = LookupSchema(
      key: [ColumnSchema(name: "code", type: .varchar(3))],
      payload: [ColumnSchema(name: "text", type: .text, isNullable: false)])
    let checked = try Self.check([Self.step(.lookup(lookup))], lookups: [schema])
    #expect(checked.pipeline.processed.last == ColumnSchema(name: "label", type: .text))
    var wrong = schema
    wrong.key[0].type = .integer
    #expect(throws: Faults.self) { try Self.check([Self.step(.lookup(lookup))], lookups: [wrong]) }
  }

  // MARK: Aggregates

  @Test func measuresUseKeysCallsAndEachOther() throws {
    let checked = try Self.check(
      [],
      Self.aggregate(
        [("month", "date_trunc('month', day)"), ("mode", "mode")],
        [
          ("average", "revenue / nullif(orders, 0)"), ("orders", "count(*)"), ("revenue", "sum(price)"),
          ("again", "sum(price) + count(*)"), ("part", "grouping(mode)"),
          ("year", "extract(year from month)"),
          ("same", "date_trunc('month', day)"), ("big", "count(*) filter (where price > 10)"),
        ], sets: [["month", "mode"], ["month"]], having: "orders > 0"))
    let aggregate = try #require(checked.pipeline.aggregate)
    // Three different calls; the grouping stands behind them.
    #expect(aggregate.calls.count == 3)
    #expect(aggregate.groupings == [[1]])
    #expect(aggregate.sets == [[0, 1], [0]])
    #expect(aggregate.outputs[6].expression.node == .column(5))
    #expect(
      checked.result.map { $0.type.sqlName } == [
        "timestamp with time zone", "text", "numeric", "bigint", "numeric", "numeric", "integer", "numeric",
        "timestamp with time zone", "bigint",
      ])
    #expect(checked.result[3].isNullable == false)
    #expect(checked.result[1].isNullable)
  }

  /// What constants hide is not computed: no row fails by it, and nothing is fetched for it.
  @Test func callsThatConstantsHideAreLeftOut() throws {
    let checked = try Self.check(
      [],
      Self.aggregate(
        [("day", "day")],
        [
          ("never", "false and bool_or(1 / id = 1)"), ("orders", "count(*)"),
          ("other", "case 5 when 2 then max(price) end"), ("share", "sum(share)"), ("part", "grouping(day)"),
        ], sets: [["day"], []], having: "orders > 0 or true or min(mode) = 'a'"))
    let aggregate = try #require(checked.pipeline.aggregate)
    #expect(aggregate.calls.map(\.function) == [.count, .sum])
    #expect(aggregate.outputs.dropFirst().map(\.expression.columns) == [[], [1], [], [2], [3]])
    #expect(aggregate.having?.columns == [])
    #expect(checked.usedFetchedColumns() == [0, 1, 3])
  }

  @Test(arguments: [
    ("sum(id)", "numeric"), ("avg(id)", "numeric"), ("min(mode)", "text"), ("sum(1)", "bigint"),
    ("count(distinct mode)", "bigint"), ("string_agg(mode, ',' order by day desc)", "text"),
    ("array_agg(day)", "date[]"), ("percentile_cont(0.5) within group (order by price)", "double precision"),
    ("percentile_disc(0.5) within group (order by day)", "date"),
    ("mode() within group (order by mode)", "text"),
    ("first(mode order by day)", "text"), ("stddev(price)", "numeric"), ("every(price > 0)", "boolean"),
    ("approx_percentile(price, 0.95)", "double precision"), ("approx_count_distinct(mode)", "bigint"),
    ("top_k(mode, 3)", "text[]"), ("max(day) - min(day)", "integer"),
    ("sum(price)::numeric(18,4)", "numeric(18,4)"),
  ])
  func aggregatesHaveTheirTypes(_ measure: String, _ type: String) throws {
    let checked = try Self.check([], Self.aggregate([], [("x", measure)]))
    #expect(checked.result[0].type.sqlName == type)
  }

  @Test(arguments: [
    ("price", "not_aggregate"), ("sum(sum(price))", "not_aggregate"), ("sum(mode)", "type_mismatch"),
    ("first(mode)", "type_mismatch"), ("median(price)", "unknown_function"), ("sum(*)", "type_mismatch"),
    ("approx_percentile(price, 95)", "type_mismatch"), ("count(distinct unused)", "not_comparable"),
    ("min(odd)", "not_comparable"), ("x + 1", "cycle_or_unknown"), ("percentile_cont(0.5)", "type_mismatch"),
    ("string_agg(mode, mode)", "unsupported"), ("sum(price) over ()", "unsupported"),
  ])
  func wrongMeasuresAreFaults(_ measure: String, _ code: String) {
    let found = Self.faults([], Self.aggregate([], [("x", measure)]))
    #expect(found.count == 1)
    if code != "cycle_or_unknown" { #expect(found.first?.hasPrefix(code + ":") ?? false, "\(found)") }
  }

  @Test(arguments: [
    ("top_k(mode, 0)", "`top_k(x, 10)`"), ("top_k(mode, 1001)", "`top_k(x, 10)`"),
    ("string_agg(mode, mode)", "`source.query`"),
    ("percentile_disc(array[0.5]) within group (order by day)", "`source.query`"),
  ])
  func hintsOfMeasuresLeadToWhatAggregates(_ measure: String, _ hint: String) {
    let faults = #expect(throws: Faults.self) { try Self.check([], Self.aggregate([], [("x", measure)])) }
    #expect(faults?.all.count == 1 && faults?.all[0].hint?.contains(hint) == true, "\(measure)")
  }

  @Test func keysMustBeComparable() {
    #expect(Self.faults([], Self.aggregate([("k", "odd")], [])).first?.hasPrefix("not_comparable") ?? false)
    #expect(
      Self.faults([], Self.aggregate([("k", "unused")], [])).first?.hasPrefix("not_comparable") ?? false)
    #expect(Self.faults([], Self.aggregate([("k", "odd COLLATE \"C\"")], [("n", "count(*)")])).isEmpty)
  }

  // MARK: What is fetched

  @Test func onlyUsedColumnsAreFetched() throws {
    let steps = [
      Self.step(.drop(["unused"])),
      Self.step(.rename([.init(name: "kind", column: "mode", place: Self.place)])),
      Self.derive([("net", "price * (1 - share)"), ("odd", "'x'")]),
      Self.step(.filter(SourceText("net > 1"))),
    ]
    let whole = try Self.check(
      steps, Self.aggregate([("kind", "kind"), ("odd", "odd")], [("n", "sum(net)")]))
    let narrow = whole.fetchingOnlyUsedColumns()
    #expect(narrow.pipeline.fetched.map(\.name) == ["id", "price", "share", "mode"])
    #expect(narrow.pipeline.rowKey == [0])
    #expect(narrow.result == whole.result)
    #expect(narrow.pipeline.processed.map(\.name) == ["id", "price", "share", "kind", "net", "odd"])
    // Checking the narrow columns from the start gives the same, but for the dropped name.
    let again = try PipelineChecker(references: Fixture.references)
      .check(
        steps: Array(steps.dropFirst()),
        aggregate: Self.aggregate([("kind", "kind"), ("odd", "odd")], [("n", "sum(net)")]),
        fetched: narrow.pipeline.fetched, rowKey: [0])
    #expect(narrow.pipeline.steps.dropFirst().map(\.action) == again.pipeline.steps.map(\.action))
    #expect(
      narrow.pipeline.steps.dropFirst().map(\.columnsBefore) == again.pipeline.steps.map(\.columnsBefore))
    #expect(narrow.pipeline.aggregate == again.pipeline.aggregate)
    #expect(narrow.fetchingOnlyUsedColumns() == narrow)
  }

  @Test func rowLevelResultsFetchWhatTheySelect() throws {
    let checked = try Self.check([Self.select(["day", "email"])], rowKey: []).fetchingOnlyUsedColumns()
    #expect(checked.pipeline.fetched.map(\.name) == ["day", "email"])
    #expect(checked.pipeline.steps[0].action == .project([0, 1]))
  }

  // MARK: Push-down

  static let anyLimits = ErrorRules.QuarantineLimit(maximumRows: 5, maximumSharePPM: nil)

  static func moved(_ steps: [Step], limits: ErrorRules.QuarantineLimit = anyLimits) throws -> [String] {
    let names = Set(fetched.map(\.name)).subtracting(["share"])
    return PushDown.split(try check(steps), limits: limits, names: names).conditions.map(\.text)
  }

  static func filter(_ text: String) -> Step { step(.filter(SourceText(text))) }

  @Test func onlySafeFiltersMove() throws {
    let good = #"("price" > ('5'::numeric))"#
    #expect(try Self.moved([Self.filter("price > 5.0 - 0")]).count == 1)
    #expect(try Self.moved([Self.filter("price > 5::numeric")]) == [good])
    // Behind a step that cannot reject, under another name.
    #expect(
      try Self.moved([
        Self.step(.rename([.init(name: "cost", column: "price", place: Self.place)])),
        Self.filter("cost > 5::numeric"),
      ]) == [good])
    #expect(
      try Self.moved([Self.derive([("x", "upper(mode)")]), Self.filter("price > 5::numeric")]) == [good])
    // Not behind one that can, not what may fault, is no portable comparison, or was changed.
    #expect(try Self.moved([Self.derive([("x", "1 / id")]), Self.filter("price > 5")]).isEmpty)
    #expect(
      try Self.moved([
        Self.step(.validate([.init(name: "r", expect: SourceText("price > 0"))]), .drop),
        Self.filter("price > 5"),
      ])
      .isEmpty)
    #expect(try Self.moved([Self.filter("10 / price > 5")]).isEmpty)
    #expect(try Self.moved([Self.filter("mode > 'a'")]).isEmpty)
    #expect(try Self.moved([Self.filter("share > 1")]).isEmpty)
    #expect(try Self.moved([Self.derive([("price", "0::numeric")]), Self.filter("price > 5")]).isEmpty)
    // A limit by share counts the rows that reach the first step.
    let share = ErrorRules.QuarantineLimit(maximumRows: nil, maximumSharePPM: 1000)
    #expect(try Self.moved([Self.filter("price > 5")], limits: share).isEmpty)
  }

  // MARK: Checks

  @Test func checksAreTypedOverTheResult() throws {
    let result = [ColumnSchema(name: "day", type: .date), ColumnSchema(name: "revenue", type: .numeric)]
    let checker = PipelineChecker(references: Fixture.references)
    func check(_ condition: Check.Condition) throws -> TypedCheck.Condition {
      let item = Check(name: "c", condition: condition, severity: .error, place: Self.place)
      return try checker.check([item], result: result)[0].condition
    }
    guard case .expect(let aggregate) = try check(.expect(SourceText("count(distinct day) = 4"))) else {
      Issue.record("no aggregate")
      return
    }
    #expect(
      aggregate.calls.count == 1 && aggregate.keys.isEmpty && aggregate.outputs[0].expression.type == .boolean
    )
    guard case .every = try check(.every(SourceText("revenue >= 0"))) else {
      Issue.record("no condition")
      return
    }
    #expect(try check(.unique(["revenue", "day"])) == .unique([1, 0]))
    #expect(throws: Faults.self) { try check(.unique(["revenu"])) }
    #expect(throws: Faults.self) { try check(.expect(SourceText("revenue > 0"))) }
    #expect(throws: Faults.self) { try check(.every(SourceText("count(*) > 0"))) }
  }
}
