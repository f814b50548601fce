@testable import Compute
import Expressions
import Model
import Seeds
import Testing

/// Fast ways to look for texts find what slow ones find.
@Suite struct TextSearchTests {
  private static func text(_ numbers: inout SeededNumbers, _ letters: String, _ length: Int) -> [UInt8] {
    let letters = Array(letters)
    return Array(String((0..<length).map { _ in numbers.pick(letters) }).utf8)
  }

  @Test func findsTheFirst() {
    let cases = GeneratedCases(20_000)
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let text = Self.text(&numbers, numbers.pick(["ab", "abä", "abcdefgh"]), numbers.below(40))
      let needle = Self.text(&numbers, "abä", numbers.below(5))
      let start = numbers.below(text.count + 1)
      let expected = (start..<max(text.count - needle.count + 1, start)).first {
        text[$0...].starts(with: needle)
      }
      let found = text.withUnsafeBufferPointer { bytes in
        needle.withUnsafeBufferPointer { UTF8Text.find($0, in: bytes, from: start) }
      }
      #expect(
        found == (needle.isEmpty ? start : expected),
        "\(cases), case \(number): \(needle) in \(text) from \(start)")
    }
  }

  /// Patterns without `_` are matched part by part, others by walking.
  @Test func partsMatchAsWalkingDoes() throws {
    let cases = GeneratedCases(20_000)
    var matched = 0
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let text = Self.text(&numbers, "abä", numbers.below(20))
      let pattern = Self.text(&numbers, "aab%%", numbers.below(8))
      let shape = try #require(LikePattern.Shape(String(decoding: pattern, as: UTF8.self)))
      var isMatch = false
      shape.withParts { parts in text.withUnsafeBufferPointer { isMatch = parts.match($0) } }
      let expected = try text.withUnsafeBufferPointer { text in
        try pattern.withUnsafeBufferPointer { try LikePattern.matches(text, $0) }
      }
      #expect(isMatch == expected, "\(cases), case \(number): \(pattern) over \(text)")
      matched += expected ? 1 : 0
    }
    #expect(cases.count < 20_000 || matched > 2_000)
    for pattern in ["a_", #"a\%"#] { #expect(LikePattern.Shape(pattern) == nil) }
  }

  /// Over columns: short and long texts, NULLs, some of the rows, parts that are longer than a word.
  @Test func columnsAreSearchedAsWalkingDoes() throws {
    let cases = GeneratedCases(2_000)
    let schema = [ColumnSchema(name: "t", type: .text)]
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let parts = (0..<1 + numbers.below(3)).map { _ in
        // Some longer than a word, so that their beginning is not all.
        String(
          decoding: Self.text(
            &numbers, numbers.pick(["ab", "abä"]), 1 + numbers.below(numbers.pick([3, 12]))), as: UTF8.self)
      }
      let column = Column(.text)
      let longest = numbers.pick([8, 30, 58, 90])
      for _ in 0..<1 + numbers.below(120) {
        if numbers.oneIn(9) { column.append(.null); continue }
        var text = Self.text(&numbers, "aab", numbers.below(longest))
        if numbers.oneIn(3) {
          for part in parts { text += Array(part.utf8) + Self.text(&numbers, "ab", numbers.below(4)) }
        }
        column.append(.text(String(decoding: text, as: UTF8.self)))
      }
      let selection = Selection()
      selection.take(Rows(count: column.count)) { _ in !numbers.oneIn(4) }
      let pattern = "%\(parts.joined(separator: "%"))%"
      let source = numbers.pick(["t LIKE '\(pattern)'", "t || '' LIKE '\(pattern)'"])
      let program = try Program(
        [ExpressionChecker.check(SourceText(source), columns: schema)], schema: schema, zones: .utc)
      for rows in [Rows(count: column.count), selection.rows] where !rows.isEmpty {
        program.run([column], rows)
        let result = program.result(0)
        for position in 0..<rows.count {
          let row = rows[position]
          let expected: Bool? =
            column.isNull(row)
            ? nil
            : try Array(pattern.utf8).withUnsafeBufferPointer {
              try LikePattern.matches(column.bytes(row), $0)
            }
          #expect(
            result.value(at: row) == (expected.map { .boolean($0) } ?? .null),
            "\(cases), case \(number): \(source) over \(column.value(at: row))")
        }
      }
    }
  }
}
