import Compute
import Expressions
import Model
import Seeds
import Testing

/// Whole pipelines over a few rows: what goes on, what is refused and how that is written down.
@Suite struct PipelineTests {
  static let schema = [
    ColumnSchema(name: "id", type: .integer), ColumnSchema(name: "price", type: .numeric),
    ColumnSchema(name: "code", type: .text), ColumnSchema(name: "email", type: .text, isSensitive: true),
  ]

  /// `id`, `price`, `code`, `email` of each row, as texts.
  static func stream(_ rows: [[String?]]) throws -> [UInt8] {
    var stream = CopyStream()
    for row in rows {
      stream.row([
        row[0].map { CopyStream.field(Int32($0) ?? 0) }, try row[1].map { try CopyStream.numeric($0) },
        row[2].map(CopyStream.text), row[3].map(CopyStream.text),
      ])
    }
    stream.end()
    return stream.bytes
  }

  static let rows: [[String?]] = [
    ["1", "10.50", " a 1 ", "x@example.org"], ["2", "0.00", "17", "y@example.org"],
    ["3", nil, "b\u{7}2", nil], ["4", "-5", "  ", "z@example.org"],
    ["5", "99999.99", "0042", "w@example.org"],
  ]

  struct Collector: BatchConsumer {
    var rows: [[Value]] = []
    mutating func consume(_ batch: borrowing Batch) throws {
      let (columns, selection) = (batch.columns, batch.rows)
      for position in 0..<selection.count { rows.append(columns.map { $0.value(at: selection[position]) }) }
    }
  }

  struct Outcome {
    var rows: [[Value]]
    var rejections: [Rejection]
    var counts: RowCounts
    var lookups: [LookupCounts]
  }

  static func typed(_ text: String, _ columns: [ColumnSchema], _ type: SQLType? = nil) throws
    -> TypedExpression
  {
    try ExpressionChecker.check(SourceText(text), columns: columns, expecting: type)
  }

  /// Runs one step, or several, over `rows`.
  static func run(
    _ steps: [(TypedStep.Action, Step.OnFail, after: [ColumnSchema])], lookups: [LookupTable] = [],
    keys: [Template: [UInt8]] = [:], rows: [[String?]] = rows
  ) throws -> Outcome {
    var before = schema
    var typed: [TypedStep] = []
    for (number, step) in steps.enumerated() {
      typed.append(
        TypedStep(
          name: "step \(number + 1)", action: step.0, onFail: step.1, columnsBefore: before,
          place: Place(file: "job.yaml", line: 7, column: 5)))
      before = step.after
    }
    let pipeline = TypedPipeline(
      fetched: schema, rowKey: [0], steps: typed, processed: before, aggregate: nil)
    var runner = try RowPipeline(
      pipeline, lookups: lookups, zones: TestZones.context("UTC"), pseudonymKeys: keys)
    var collector = Collector()
    try stream(rows).withUnsafeBytes { try runner.add($0, to: &collector) }
    try runner.finish(&collector)
    let rejections = runner.takeRejections(1) + runner.takeRejections(.max)
    #expect(runner.rejectionCount == 0)
    return Outcome(
      rows: collector.rows, rejections: rejections, counts: runner.counts, lookups: runner.lookupCounts)
  }

  static func rule(_ name: String, _ text: String) throws -> TypedStep.Rule {
    TypedStep.Rule(name: name, expect: try typed(text, schema, .boolean), source: SourceText(text))
  }

  /// An array in quarantine reads as Postgres prints it.
  @Test func arraysInQuarantineAreText() throws {
    let schema = [
      ColumnSchema(name: "id", type: .integer),
      ColumnSchema(name: "tags", type: .opaque(oid: 1009, name: "text[]")),
    ]
    let step = TypedStep(
      name: "step", action: .validate([try Self.rule("known", "id > 7")]), onFail: .quarantine,
      columnsBefore: schema, place: Place(file: "job.yaml", line: 7, column: 5))
    var runner = try RowPipeline(
      TypedPipeline(fetched: schema, rowKey: [1], steps: [step], processed: schema, aggregate: nil),
      zones: TestZones.context("UTC"))
    // One dimension with NULLs, of texts, with two elements from 1 on.
    let head = [1, 1, 25, 2, 1].flatMap { CopyStream.field(Int32($0)) }
    var stream = CopyStream()
    stream.row([
      CopyStream.field(Int32(1)),
      head + CopyStream.field(Int32(3)) + CopyStream.text("a b") + CopyStream.field(Int32(-1)),
    ])
    stream.end()
    var collector = Collector()
    try stream.bytes.withUnsafeBytes { try runner.add($0, to: &collector) }
    try runner.finish(&collector)
    let rejection = try #require(runner.takeRejections(.max).first)
    #expect(rejection.row == #"{"id":1,"tags":"{\"a b\",NULL}"}"#)
    #expect(rejection.key.map(\.text) == [#"{"a b",NULL}"#])
  }

  @Test func validateRecordsEveryBrokenRuleOnce() throws {
    let action = TypedStep.Action.validate([
      try Self.rule("positive", "price > 0"), try Self.rule("short", "length(code) < 3"),
      try Self.rule("no fault", "10 / id > 2 AND 1 / (id - 2) < 5"),
    ])
    let outcome = try Self.run([(action, .quarantine, Self.schema)])
    #expect(outcome.rows.isEmpty)
    #expect(outcome.counts.read == 5 && outcome.counts.quarantined == 5 && outcome.counts.kept == 0)
    #expect(outcome.rejections.map(\.ordinal) == [0, 1, 2, 3, 4])
    let broken = outcome.rejections.map { $0.broken.map { "\($0.rule): \($0.reason)" } }
    #expect(broken[0] == ["short: rule_failed"])
    #expect(broken[1] == ["positive: rule_failed", "no fault: 22012"])
    // NULL does not pass.
    #expect(broken[2] == ["positive: rule_failed", "short: rule_failed"])
    #expect(broken[4] == ["short: rule_failed", "no fault: rule_failed"])
    let first = outcome.rejections[0]
    #expect(first.key == [Rejection.NamedText(name: "id", text: "1")])
    #expect(first.step == "step 1")
    #expect(first.row == #"{"id":1,"price":10.50,"code":" a 1 "}"#)
    #expect(first.broken[0].detail == "length(code) < 3 is false; code = ' a 1 '")
  }

  @Test func onFailDecidesWhatBecomesOfARow() throws {
    let action = TypedStep.Action.validate([try Self.rule("positive", "price > 0")])
    let dropped = try Self.run([(action, .drop, Self.schema)])
    #expect(dropped.rows.map { $0[0] } == [.integer(1), .integer(5)])
    #expect(dropped.counts.dropped == 3 && dropped.rejections.isEmpty)
    let kept = try Self.run([(action, .keep, Self.schema)])
    #expect(kept.rows.count == 5 && kept.counts.kept == 5)
    let fault = #expect(throws: Fault.self) { _ = try Self.run([(action, .fail, Self.schema)]) }
    #expect(fault?.sentence == "The row with id = 2 fails step \"step 1\": positive")
    #expect(fault?.cause == "price > 0 is false; price = 0.00")
    #expect(fault?.place == Place(file: "job.yaml", line: 7, column: 5))
  }

  @Test func sensitiveValuesStayOutOfRejections() throws {
    let action = TypedStep.Action.validate([try Self.rule("no mail", "email IS NULL")])
    let outcome = try Self.run([(action, .quarantine, Self.schema)])
    #expect(outcome.rejections.count == 4)
    for rejection in outcome.rejections {
      #expect(!"\(rejection)".contains("example.org"))
      #expect(rejection.broken[0].detail == "email IS NULL is false; email = (not shown)")
    }
    let cast = TypedStep.Action.derive([
      TypedStep.Derivation(
        into: 4, expression: try Self.typed("email::integer", Self.schema),
        source: SourceText("email::integer"))
    ])
    let after = Self.schema + [ColumnSchema(name: "n", type: .integer)]
    let faults = try Self.run([(cast, .quarantine, after)])
    #expect(faults.rejections.map { $0.broken[0].reason } == Array(repeating: "22P02", count: 4))
    for rejection in faults.rejections { #expect(!"\(rejection)".contains("example.org")) }
  }

  @Test func derivedEntriesSeeEachOther() throws {
    let after =
      Self.schema + [ColumnSchema(name: "net", type: .numeric), ColumnSchema(name: "gross", type: .numeric)]
    let net = try Self.typed("price * 0.9", Self.schema)
    let gross = try Self.typed("net / (id - 2)", Array(after.dropLast()))
    let action = TypedStep.Action.derive([
      TypedStep.Derivation(into: 4, expression: net, source: SourceText("price * 0.9")),
      TypedStep.Derivation(into: 5, expression: gross, source: SourceText("net / (id - 2)")),
    ])
    let outcome = try Self.run([(action, .quarantine, after)])
    #expect(outcome.rows.map { $0[4].postgresText } == ["9.450", nil, "-4.5", "89999.991"])
    #expect(
      outcome.rows.map { $0[5].postgresText } == [
        "-9.4500000000000000", nil, "-2.2500000000000000", "29999.997000000000",
      ])
    #expect(outcome.rejections.map { $0.broken[0].rule } == ["gross"])
    let kept = try Self.run([(action, .keep, after)])
    #expect(kept.rows.count == 5 && kept.rows[1][5] == .null && kept.rows[1][4] != .null)
  }

  @Test func filterKeepsTrueAndCountsTheRest() throws {
    let action = TypedStep.Action.filter(
      try Self.typed("price > 1", Self.schema, .boolean), source: SourceText("price > 1"))
    let outcome = try Self.run([(action, .fail, Self.schema)])
    #expect(outcome.rows.map { $0[0] } == [.integer(1), .integer(5)])
    #expect(outcome.counts.filtered == 3 && outcome.counts.kept == 2)
    let faulty = TypedStep.Action.filter(
      try Self.typed("1 / (id - 2) < 1", Self.schema, .boolean), source: SourceText("1 / (id - 2) < 1"))
    let dropped = try Self.run([(faulty, .drop, Self.schema)])
    #expect(dropped.counts.dropped == 1 && dropped.counts.filtered == 1 && dropped.counts.kept == 3)
    let kept = try Self.run([(faulty, .keep, Self.schema)])
    #expect(kept.counts.kept == 4 && kept.counts.filtered == 1)
  }

  /// The division faults for row 2 and is computed for all rows before the cast, which faults for row 1.
  @Test func aFilterFailsOnTheFirstRowThatItCannotBeComputedFor() throws {
    let text = "1 / (id - 2) < 1 AND code::integer > 0"
    let faulty = TypedStep.Action.filter(
      try Self.typed(text, Self.schema, .boolean), source: SourceText(text))
    let rows: [[String?]] = [["1", nil, "x", nil], ["2", nil, "1", nil]]
    let quarantined = try Self.run([(faulty, .quarantine, Self.schema)], rows: rows)
    #expect(quarantined.rejections.map(\.broken.first?.reason) == ["22P02", "22012"])
    let failure = #expect(throws: Fault.self) { try Self.run([(faulty, .fail, Self.schema)], rows: rows) }
    #expect(failure?.code == "22P02", "\(String(describing: failure))")
  }

  @Test func sanitizeWorksInItsOrder() throws {
    let action = TypedStep.Action.sanitize([
      TypedStep.Sanitizing(column: 2, operations: [.stripControl, .collapseSpaces, .trim, .nullIfEmpty]),
      TypedStep.Sanitizing(column: 3, operations: [.redact(pattern: "[a-z]+@"), .upper, .truncate(8)]),
    ])
    let outcome = try Self.run([(action, .fail, Self.schema)])
    #expect(outcome.rows.map { $0[2].postgresText } == ["a 1", "17", "b2", nil, "0042"])
    #expect(outcome.rows.map { $0[3].postgresText } == ["***EXAMP", "***EXAMP", nil, "***EXAMP", "***EXAMP"])
  }

  static let sanitized: [(Step.SanitizeOperation, String, String?)] = [
    (.trim, "\u{A0}\t a b \u{3000}", "a b"), (.collapseSpaces, "a \t\n b\u{2003}c", "a b c"),
    (.stripControl, "a\u{0}b\u{7F}\u{85}c\n", "abc"), (.lower, "ÄİΣ", "äiσ"),
    (.upper, "straße ǆ", "STRAßE Ǆ"),
    (.nfc, "e\u{301} \u{1E9B}\u{323} 각", "é \u{1E9B}\u{323} 각"), (.nullIfEmpty, "", nil),
    (.nullIfEmpty, " ", " "),
    (.truncate(3), "äöü€", "äöü"), (.truncate(0), "a", ""),
    (.mask(keep: 4), "DE89 3704-0044", "**** ****-0044"),
    (.mask(keep: 0), "aé1 ", "*** "), (.mask(keep: 9), "abc", "abc"),
    (.redact(pattern: #"\d{3,}"#), "12 345 6789é", "12 *** ***é"), (.redact(pattern: "x*"), "axxb", "a***b"),
  ]

  @Test(arguments: sanitized) func sanitizes(
    _ operation: Step.SanitizeOperation, _ text: String, _ expected: String?
  ) throws {
    let action = TypedStep.Action.sanitize([TypedStep.Sanitizing(column: 2, operations: [operation])])
    let outcome = try Self.run([(action, .fail, Self.schema)], rows: [["1", nil, text, nil]])
    let actual = outcome.rows[0][2].postgresText
    #expect(actual.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(actual ?? "NULL")")
  }

  /// Several operations of one step do what as many steps do.
  @Test func operationsFollowEachOther() throws {
    let cases = GeneratedCases(300)
    let operations: [Step.SanitizeOperation] = [
      .trim, .collapseSpaces, .stripControl, .lower, .upper, .nfc, .nullIfEmpty, .truncate(5), .mask(keep: 2),
      .redact(pattern: "[0-9]+|^$"),
    ]
    let letters = [
      " ", "\t", "a", "B", "é", "e\u{301}", "7", "-", "\u{A0}", "\u{7F}", "Ǆ", "abcdefgh", "IJKLMNOPQ",
    ]
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let list = (0..<numbers.below(5)).map { _ in numbers.pick(operations) }
      let rows: [[String?]] = (0..<8).map { row in
        let text = (0..<numbers.below(12)).map { _ in numbers.pick(letters) }.joined()
        return ["\(row)", nil, numbers.oneIn(6) ? nil : text, nil]
      }
      func step(_ list: [Step.SanitizeOperation]) -> (TypedStep.Action, Step.OnFail, after: [ColumnSchema]) {
        (.sanitize([TypedStep.Sanitizing(column: 2, operations: list)]), .fail, Self.schema)
      }
      let together = try Self.run([step(list)], rows: rows).rows.map { $0[2].postgresText }
      let apart = try Self.run(list.map { step([$0]) }, rows: rows).rows.map { $0[2].postgresText }
      for (row, texts) in zip(together, apart).enumerated() {
        #expect(
          texts.0.map { Array($0.utf8) } == texts.1.map { Array($0.utf8) },
          "\(cases), case \(number): \(list) over \(rows[row][2] ?? "NULL")")
      }
    }
  }

  @Test func parseReadsOrRefuses() throws {
    let after = Self.schema + [ColumnSchema(name: "n", type: .bigint)]
    let action = TypedStep.Action.parse(column: 2, into: 4, target: .integer, type: .bigint)
    let outcome = try Self.run([(action, .quarantine, after)])
    #expect(outcome.rows.map { $0[4] } == [.integer(17), .integer(42)])
    #expect(outcome.rejections.map { $0.broken[0].reason } == Array(repeating: "invalid_text", count: 3))
    let kept = try Self.run([(action, .keep, after)])
    #expect(kept.rows.map { $0[4] } == [.null, .integer(17), .null, .null, .integer(42)])
  }

  /// A `char(n)` counts as the text that a cast makes of it, without its trailing blanks.
  @Test func paddedTextsAreTakenWithoutTheirBlanks() throws {
    let schema = [ColumnSchema(name: "c", type: .char(4))]
    let key = Template(literal: "secret")
    var stream = CopyStream()
    stream.row([CopyStream.text("ab  ")])
    stream.end()
    let steps: [(TypedStep.Action, String)] = [
      (.sanitize([TypedStep.Sanitizing(column: 0, operations: [.upper])]), "AB"),
      (
        .pseudonymise([TypedStep.Pseudonym(column: 0, into: 0)], key: key),
        // python3: hmac.new(b"key", b"ab", "sha256").hexdigest()
        "5c1c0c948cbef5ad7d191e46e5901fa0395f85f694fa4633f665a1a637017b65"
      ),
    ]
    for (action, expected) in steps {
      let step = TypedStep(
        name: "step", action: action, onFail: .fail, columnsBefore: schema,
        place: Place(file: "job.yaml", line: 1, column: 1))
      let pipeline = TypedPipeline(
        fetched: schema, rowKey: [], steps: [step], processed: [ColumnSchema(name: "c", type: .text)],
        aggregate: nil)
      var runner = try RowPipeline(
        pipeline, zones: TestZones.context("UTC"), pseudonymKeys: [key: Array("key".utf8)])
      var collector = Collector()
      try stream.bytes.withUnsafeBytes { try runner.add($0, to: &collector) }
      try runner.finish(&collector)
      #expect(collector.rows == [[.text(expected)]])
    }
  }

  static let parsed: [(Step.Parsing.Target, SQLType, String, String?)] = [
    (.numeric(nil), .numeric, " 1.50 ", "1.50"),
    (.numeric(.init(precision: 4, scale: 1)), .numeric, "12.35", "12.4"),
    (.numeric(.init(precision: 3, scale: 1)), .numeric, "123.4", nil), (.boolean, .boolean, "Yes", "true"),
    (.date(pattern: nil), .date, "2024-02-29", "2024-02-29"),
    (.date(pattern: nil), .date, "2024-01-01 12:34:56 Europe/Berlin", "2024-01-01"),
    (.date(pattern: nil), .date, "2024-01-01 Nowhere/Land", nil),
    (.date(pattern: "DD.MM.YYYY"), .date, "1.2.2024", "2024-02-01"),
    (.date(pattern: "DD.MM.YYYY"), .date, "31.02.2024", nil),
    (.date(pattern: "DD.MM.YYYY"), .date, "01.02.24", nil),
    (.date(pattern: "DD.MM.YY"), .date, "01.02.4", nil),
    (.date(pattern: "YYYYMMDD"), .date, "2024111", nil),
    (.date(pattern: "DDMonYYYY"), .date, "1feb2024", "2024-02-01"),
    (.timestamp(pattern: "YYYY-MM-DD HH24MI", zone: nil), .timestamp, "2024-01-02 905", nil),
    (.date(pattern: "YYYYMMDD"), .date, "20240229", "2024-02-29"),
    (.date(pattern: "DD-Mon-YY"), .date, "05-sep-99", "1999-09-05"),
    (.date(pattern: "YYYY-DDD"), .date, "2023-366", nil),
    (
      .timestamp(pattern: "YYYY-MM-DD\"T\"HH24:MI:SS.MS", zone: nil), .timestamp, "2024-01-02T03:04:05.6",
      "2024-01-02 03:04:05.6"
    ),
    (
      .timestamp(pattern: "MM/DD/YYYY HH12:MI AM", zone: nil), .timestamp, "12/31/2024 12:05 am",
      "2024-12-31 00:05:00"
    ),
    (
      .timestamp(pattern: nil, zone: "Europe/Berlin"), .timestamptz, "2024-07-01 12:00",
      "2024-07-01 10:00:00+00"
    ),
    (
      .timestamp(pattern: "YYYY-MM-DD HH24:MI", zone: "Europe/Berlin"), .timestamptz, "2024-01-01 12:00",
      "2024-01-01 11:00:00+00"
    ),
    (.json(path: "$.a.b[1]"), .text, #"{"a":{"b":[1,"x\u00e9"]}}"#, "xé"),
    (.json(path: "$.a"), .text, #"{"a":{"b":[1,2.50]}}"#, #"{"b":[1,2.50]}"#),
    (.json(path: "$.a"), .text, #"{"a":1,"a":2}"#, "2"),
    (.json(path: "$.a"), .text, #"{"a":"x\u0000y"}"#, nil),
    (.json(path: "$.a"), .text, #"{"a":"\u+123"}"#, nil),
    (.json(path: "$.a"), .text, "{oops", nil), (.json(path: "$.z"), .text, "{}", "(null)"),
  ]

  @Test(arguments: parsed) func parses(
    _ target: Step.Parsing.Target, _ type: SQLType, _ text: String, _ expected: String?
  ) throws {
    let after = Self.schema + [ColumnSchema(name: "n", type: type)]
    let action = TypedStep.Action.parse(column: 2, into: 4, target: target, type: type)
    let outcome = try Self.run([(action, .quarantine, after)], rows: [["1", nil, text, nil]])
    #expect(outcome.rows.first.map { $0[4].postgresText ?? "(null)" } == expected)
  }

  @Test func pseudonymsAreHMACs() throws {
    let key = Template(literal: "secret")
    let action = TypedStep.Action.pseudonymise([TypedStep.Pseudonym(column: 0, into: 4)], key: key)
    let after = Self.schema + [ColumnSchema(name: "ref", type: .text)]
    let outcome = try Self.run(
      [(action, .fail, after)], keys: [key: Array("key".utf8)],
      rows: [["42", nil, nil, nil], [nil, nil, nil, nil]])
    // python3: hmac.new(b"key", b"42", "sha256").hexdigest()
    #expect(outcome.rows[0][4] == .text("f2991b7ce981d0b5adc5e6a0f31acaeb407bfc21354bbcc31a0c43eaffa83d65"))
    #expect(outcome.rows[1][4] == .null)
    #expect(throws: Fault.self) { _ = try Self.run([(action, .fail, after)]) }
  }

  @Test func projectionReordersAndKeepsValues() throws {
    let after = [Self.schema[2], Self.schema[0]]
    let outcome = try Self.run([(.project([2, 0]), .fail, after)])
    #expect(outcome.rows.map { $0[1] } == (1...5).map { .integer($0) })
  }
}
