@testable import Compute
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
}
