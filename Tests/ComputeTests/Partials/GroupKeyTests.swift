import Compute
import Expressions
import Model
import Testing

/// Groups of every type come in the type's order, NULL last, equal values in one group with one spelling.
@Suite struct GroupKeyTests {
  /// Values in the order of their type; equal ones stand in one list, their representative first.
  private static let ordered: [(SQLType, [[Value]])] = [
    (.boolean, [[.boolean(false)], [.boolean(true)]]),
    (.smallint, [-32_768, -1, 0, 1, 32_767].map { [.integer($0)] }),
    (.integer, [-2_147_483_648, -256, -1, 0, 255, 256, 2_147_483_647].map { [.integer($0)] }),
    (.bigint, [Int64.min, -1, 0, 1, .max].map { [.integer($0)] }),
    (
      .numeric(nil),
      [
        ["-Infinity"], ["-1e100"], ["-170141183460469231731687303715884105727"], ["-100"], ["-99.9"],
        ["-10"], ["-9.99"], ["-1.10", "-1.1"], ["-0.01"], ["-0.001"], ["-1e-70"], ["0.000", "0", "0.00"],
        ["1e-16000"], ["1e-70"], ["0.001"], ["0.0100", "0.01"], ["0.1"], ["0.123456789012345678"],
        ["1.000", "1.0"], ["1.5"], ["2"], ["9"], ["10.0", "10"], ["99"], ["100"],
        ["12345.6"], ["12345.67"], ["9999999999999999999999999999999999999"], ["1e100", "1e100"],
        ["1e130000"],
        ["Infinity"], ["NaN"],
      ].map { $0.map { .number($0) } }
    ),
    (
      .text,
      ["", "A", "B", "a", "a\u{0}", "a\u{1}", "a\u{2}", "ab", "b", "ä", "a name longer than sixteen bytes"]
        .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { [.text($0)] }
    ),
    (.char(nil), [[.text("a  "), .text("a"), .text("a ")], [.text("b")]]),
    (.char(5), [[.text("a    ")], [.text("ab   ")], [.text("é    ")]]),
    (.date, [[.date(.min)], [.date(-1)], [.date(0)], [.date(9_000)], [.date(.max)]]),
    (.timestamp, [[.timestamp(.min)], [.timestamp(-1)], [.timestamp(0)], [.timestamp(.max)]]),
    (.timestamptz, [[.timestamptz(.min)], [.timestamptz(7)], [.timestamptz(.max)]]),
    (
      .interval,
      [
        [.interval(CalendarInterval(months: .min, days: .min, microseconds: .min))],
        [.interval(CalendarInterval(microseconds: -1))], [.interval(CalendarInterval())],
        [.interval(CalendarInterval(days: 1)), .interval(CalendarInterval(microseconds: 86_400_000_000))],
        [
          .interval(CalendarInterval(months: 1)), .interval(CalendarInterval(days: 30)),
          .interval(CalendarInterval(days: 29, microseconds: 86_400_000_000)),
        ], [.interval(CalendarInterval(months: .max, days: .max, microseconds: .max))],
      ]
    ),
    (.uuid, [[.uuid(0)], [.uuid(1)], [.uuid(1 << 127)]]),
    (
      .bytea, [[.bytes([])], [.bytes([0])], [.bytes([0, 1])], [.bytes([1])], [.bytes([2])], [.bytes([255])]]
    ),
    (.enumeration(name: "mood"), [[.text("happy")], [.text("sad")]]),
  ]

  @Test func everyType() throws {
    for (type, values) in Self.ordered {
      let rig = AggregateRig([type], keys: [0], [.countRows()])
      let rows = values.flatMap { $0 }.map { [$0] } + [[.null], [.null]]
      let expected = values.map { [$0[0], .integer(Int64($0.count))] } + [[.null, .integer(2)]]
      #expect(try rig.results(of: rows) == expected, "\(type)")
      #expect(try rig.results(of: Array(rows.reversed())) == expected, "\(type), reversed")
      #expect(
        try rig.results(rows.reversed().flatMap { try rig.partial([$0]) }) == expected, "\(type), apart")
    }
  }

  /// Texts of every length in columns of every width, the first behind another key or not, have the group of the
  /// text without its blanks.
  @Test(arguments: 1...20) func blanksAtTheEndDoNotCount(_ width: Int) throws {
    for length in 0...width {
      for (text, other) in [
        (String(repeating: "r", count: length), "x"), (String("a b c d e f g h i j k".prefix(length)), ""),
      ] {
        func padded(_ text: String) -> Value {
          .text(text + String(repeating: " ", count: max(width - text.utf8.count, 0)))
        }
        let rows = Array(repeating: [padded(text), .integer(1)], count: 3) + [[padded(other), .integer(1)]]
        for keys in [[0], [1, 0]] {
          let rig = AggregateRig([.char(width), .integer], keys: keys, [.countRows()])
          let counts = try rig.results(of: rows).map { $0[keys.count] }
          let isOne = padded(text) == padded(other)
          #expect(Set(counts) == (isOne ? [.integer(4)] : [.integer(3), .integer(1)]), "\(width) \(text)")
        }
      }
    }
  }

  @Test func pairsOfKeysSortByTheFirstThenTheSecond() throws {
    for (first, _) in Self.ordered {
      for (second, secondValues) in Self.ordered {
        let firstValues = Self.ordered.first { $0.0 == first }?.1 ?? []
        let rig = AggregateRig([first, second], keys: [0, 1], [.countRows()])
        let pairs = (firstValues.prefix(3).map { $0[0] } + [.null]).flatMap { left in
          (secondValues.prefix(3).map { $0[0] } + [.null]).map { [left, $0] }
        }
        let rows = try rig.results(of: Array(pairs.reversed()))
        #expect(rows.map { Array($0[0...1]) } == pairs, "\(first), \(second)")
      }
    }
  }
}
