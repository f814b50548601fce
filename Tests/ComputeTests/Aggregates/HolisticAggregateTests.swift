import Compute
import Expressions
import Model
import Testing

/// Aggregates that need all values of a group. Expected values are Postgres's.
@Suite struct HolisticAggregateTests {
  private func result(
    _ types: [SQLType], _ calls: [AggregateCall], _ rows: [[Value]]
  ) throws -> [Value] {
    try AggregateRig(types, calls).results(of: rows)[0]
  }

  private func integers(_ values: [Int64?]) -> [[Value]] {
    values.map { [$0.map { Value.integer($0) } ?? .null] }
  }

  @Test func distinct() throws {
    let calls: [AggregateCall] = [
      .over(.count, [(0, .integer)], type: .bigint, distinct: true),
      .over(.sum, [(0, .integer)], type: .bigint, distinct: true),
      .over(.avg, [(0, .integer)], type: .numeric(nil), distinct: true),
    ]
    #expect(
      try result([.integer], calls, integers([3, 1, 3, nil, 2]))
        == [.integer(3), .integer(6), .number("2.0000000000000000")])
    #expect(try result([.integer], calls, []) == [.integer(0), .null, .null])
  }

  @Test(
    arguments: [
      (0.0, 1), (0.25, 1), (0.26, 2), (0.5, 2), (0.51, 3), (0.75, 3), (0.76, 10), (1.0, 10),
    ] as [(Double, Int64)])
  func discretePercentiles(_ fraction: Double, _ expected: Int64) throws {
    let call = AggregateCall.over(
      .percentileDisc, [], type: .integer, order: [(0, .integer)], constants: [.double(fraction)])
    #expect(try result([.integer], [call], integers([10, 2, nil, 3, 1])) == [.integer(expected)])
  }

  @Test func continuousPercentiles() throws {
    func percentile(_ fraction: Double, _ values: [Int64?]) throws -> Value {
      let call = AggregateCall.over(
        .percentileCont, [], type: .double, order: [(0, .integer)], constants: [.double(fraction)])
      return try result([.integer], [call], integers(values))[0]
    }
    #expect(try percentile(0.5, [1, 2, 3, 10]) == .double(2.5))
    #expect(try percentile(0.5, [1, 2, 2, 2]) == .double(2))
    #expect(try percentile(0.9, [1, 2, nil, 3, 10]) == .double(3 + (0.9 * 3 - 2) * 7))
    #expect(try percentile(1, [4]) == .double(4))
    #expect(try percentile(0.5, [nil]) == .null)
    let days = AggregateCall.over(
      .percentileCont, [], type: .interval, order: [(0, .interval)], constants: [.double(0.5)])
    let intervals = [1, 2].map { [Value.interval(CalendarInterval(days: $0))] }
    #expect(
      try result([.interval], [days], intervals)
        == [.interval(CalendarInterval(days: 1, microseconds: 43_200_000_000))])
  }

  @Test func descendingPercentilesCountFromTheGreatest() throws {
    let call = AggregateCall.over(
      .percentileDisc, [], type: .integer, order: [(0, .integer)], descending: true,
      constants: [.double(0.25)])
    #expect(try result([.integer], [call], integers([1, 2, 3, 10])) == [.integer(10)])
  }

  @Test func modeTakesTheFirstOfEquallyFrequentValues() throws {
    let call = AggregateCall.over(.mode, [], type: .integer, order: [(0, .integer)])
    #expect(try result([.integer], [call], integers([5, 2, nil, nil, nil, 5, 2, 9])) == [.integer(2)])
    #expect(try result([.integer], [call], integers([nil])) == [.null])
  }

  @Test func lists() throws {
    let rows: [[Value]] = [
      [.text("b"), .integer(2)], [.text("a"), .integer(1)], [.null, .integer(0)], [.text("b"), .integer(1)],
      [.text("b"), .integer(2)],
    ]
    func list(_ call: AggregateCall) throws -> Value { try result([.text, .integer], [call], rows)[0] }
    let comma = [Value.text(",")]
    #expect(
      try list(.over(.stringAgg, [(0, .text)], type: .text, order: [(1, .integer)], constants: comma))
        == .text("a,b,b,b"))
    #expect(try list(.over(.stringAgg, [(0, .text)], type: .text, constants: comma)) == .text("a,b,b,b"))
    #expect(
      try list(.over(.stringAgg, [(0, .text)], type: .text, distinct: true, constants: comma)) == .text("a,b")
    )
    let array = try list(
      .over(
        .arrayAgg, [(0, .text)], type: .opaque(oid: 1009, name: "text[]"), order: [(1, .integer)],
        descending: true))
    // One dimension, with NULLs, of text, 5 elements from 1: b b a b NULL.
    let expected: [UInt8] =
      [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 25, 0, 0, 0, 5, 0, 0, 0, 1]
      + [0, 0, 0, 1, 98, 0, 0, 0, 1, 98, 0, 0, 0, 1, 97, 0, 0, 0, 1, 98, 0xFF, 0xFF, 0xFF, 0xFF]
    #expect(array == .bytes(expected))
  }

  @Test func topValues() throws {
    let call = AggregateCall.over(
      .topK, [(0, .integer)], type: .opaque(oid: 1007, name: "integer[]"), constants: [.integer(2)])
    let expected: [UInt8] =
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1] + [0, 0, 0, 4, 0, 0, 0, 7]
      + [0, 0, 0, 4, 0, 0, 0, 3]
    #expect(try result([.integer], [call], integers([7, 9, 3, 7, nil, nil, 9, 3, 7])) == [.bytes(expected)])
  }

  @Test func firstAndLast() throws {
    let rows: [[Value]] = [
      [.text("late"), .integer(9)], [.text("early"), .integer(1)], [.text("earlier"), .integer(1)],
      [.null, .integer(5)], [.text("none"), .null],
    ]
    func edge(_ function: AggregateFunction, descending: Bool = false) throws -> Value {
      try result(
        [.text, .integer],
        [.over(function, [(0, .text)], type: .text, order: [(1, .integer)], descending: descending)], rows)[0]
    }
    // Equal positions are settled by the value; NULL positions stand last, or first when descending.
    #expect(try edge(.first) == .text("earlier"))
    #expect(try edge(.last) == .text("none"))
    #expect(try edge(.last, descending: true) == .text("early"))
  }

  @Test func textExtremes() throws {
    let calls: [AggregateCall] = [
      .over(.min, [(0, .text)], type: .text), .over(.max, [(0, .text)], type: .text),
    ]
    let texts = ["b", "", "a", "B", "ä", "ab", "a\u{1}", "a\u{2}"]
    #expect(try result([.text], calls, texts.map { [.text($0)] }) == [.text(""), .text("ä")])
    #expect(try result([.text], calls, [[.null]]) == [.null, .null])
  }
}
