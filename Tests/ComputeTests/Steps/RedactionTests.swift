import CaseFiles
import Expressions
import Foundation
import Model
import Seeds
import Testing

@testable import Compute

/// `redact` finds what others find, in linear time.
@Suite(.timeLimit(.minutes(4))) struct RedactionTests {
  private static func redacted(_ text: String, _ pattern: String) throws -> String {
    let column = Column(.text)
    var text = text
    let redaction = try Redaction(pattern, place: Place(file: "job.yaml", line: 1, column: 1))
    text.withUTF8 { redaction.apply($0, to: column) }
    return String(decoding: UnsafeBufferPointer(start: column.data, count: column.dataCount), as: UTF8.self)
  }

  @Test func agreesWithPostgres() throws {
    let lines = try Checkout.text("fixtures/patterns/redact.txt").split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    let texts = try #require(lines.first { $0[0] == "texts" }).dropFirst()
    let cases = lines.filter { $0[0] == "case" }
    #expect(cases.count > 40)
    for item in cases {
      let found = try texts.map { try Self.redacted($0, item[1]) }
      #expect(found == Array(item[2...]), "\(item[1])")
    }
  }

  static let dialect: [(pattern: String, text: String, expected: String)] = [
    // The first alternative, as much as it may or as little.
    ("foo|foobar", "foobar", "***bar"), ("foobar|foo", "foobar", "***"), ("(a|ab)(c|bcd)", "abcd", "***"),
    ("a+?", "aaa", "*********"), ("<.*?>", "<b>x</b>", "***x***"), ("<.*>", "<b>x</b>", "***"),
    ("a{2,}?b|a", "aaab", "***"), ("a??b", "ab", "***"),
    // An empty match is none.
    ("x*", "axxb", "a***b"), ("", "ab", "ab"), ("$", "ab", "ab"), ("a*?", "aaa", "aaa"),
    // Lines, letters and words.
    (".+", "a\r\nb\nc", "***\r\n***\n***"), ("(?s).+", "a\nb", "***"),
    ("(?m)^a$", "a\nba\na", "***\nba\n***"),
    ("^a", "b\na", "b\na"), ("a$", "a\n", "a\n"), ("(?i)straße", "STRAßE Straße", "*** ***"),
    ("(?i:a)b", "Ab AB", "*** AB"), ("a(?i)b|c", "aB C ab", "*** *** ***"), ("(?-i)a", "aA", "***A"),
    (#"\bfoo\b"#, "foo foo's a_foo föfoo", "*** ***'s a_foo föfoo"), (#"\Boo"#, "foo oo", "f*** oo"),
    (#"\d+"#, "12٣ x²", "*** x²"), (#"[^\W\d]+"#, "a1é_2", "***1***2"), (#"\h+\S"#, "a \t\u{A0}b", "a***"),
    (#"[\w.]+@(?<host>[\w.]+)"#, "to x.y@z.org now", "to *** now"), (#"\x{1F600}+"#, "a😀😀", "a***"),
    ("a{,2}", "aaa", "******"), ("x{a", "x{a", "***"), ("]}", "]}", "***"), ("[[:^digit:]]", "1a", "1***"),
    ("(a*)*b", "aab aac", "*** aac"), ("(a|b)*?c", "abc", "***"), (#"(^|,)[^,]*@[^,]*"#, "a,b@c,d", "a***,d"),
  ]

  @Test(arguments: dialect) func followsItsOwnRules(_ pattern: String, _ text: String, _ expected: String)
    throws
  {
    #expect(try Self.redacted(text, pattern) == expected)
  }

  /// A backtracking matcher would need longer than the universe for some, and hours for those that fail to match over and over.
  @Test(arguments: [
    "(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*)*x", "(a?){30}a{30}b", "a*b|c", "(x+x+)+y", ".*.*=.*",
    "([a-z]+)*[0-9]", "(?:(?:a?)*b?)*c", "a{0,100}b",
  ])
  func takesLinearTime(_ pattern: String) throws {
    let text = String(repeating: "a", count: 30_000) + "!"
    let found = try Self.redacted(text, pattern)
    // None of them matches but by its part before the `!`.
    #expect(found == text || found.allSatisfy { $0 == "*" || $0 == "!" })
  }

  /// Generated patterns against the standard library's matcher, which goes back and tries again.
  @Test func agreesWithBacktracking() throws {
    let cases = GeneratedCases(3_000)
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let pattern = Self.pattern(&numbers, depth: 3).text
      let text = String(
        (0..<numbers.below(9)).map { _ in numbers.pick(["a", "b", "c", "\n"] as [Character]) })
      let regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
      var expected = ""
      var position = text.startIndex
      for match in text.matches(of: regex) where !match.range.isEmpty {
        expected += text[position..<match.range.lowerBound] + "***"
        position = match.range.upperBound
      }
      expected += text[position...]
      #expect(
        try Self.redacted(text, pattern) == expected,
        "\(cases), case \(number): \(pattern) in \(text.debugDescription)")
    }
  }

  /// Nothing that can be empty is repeated: matchers differ there in what they prefer.
  private static func pattern(_ numbers: inout SeededNumbers, depth: Int) -> (text: String, canBeEmpty: Bool)
  {
    let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", #"\n"#, #"\w"#, #"\s"#]
    guard depth > 0 else { return (numbers.pick(atoms), false) }
    let first = pattern(&numbers, depth: depth - 1)
    switch numbers.below(8) {
    case 0...2:
      let rest = (0..<numbers.below(4)).map { _ in pattern(&numbers, depth: depth - 1) }
      return (rest.reduce(first.text) { $0 + $1.text }, rest.allSatisfy(\.canBeEmpty) && first.canBeEmpty)
    case 3:
      let second = pattern(&numbers, depth: depth - 1)
      return ("(?:\(first.text)|\(second.text))", first.canBeEmpty || second.canBeEmpty)
    case 4: return ("(?:\(first.text)|)", true)
    case 5: return (numbers.pick(["^", "$", "(?m:^)", "(?m:$)"]) + first.text, first.canBeEmpty)
    default:
      if first.canBeEmpty { return first }
      let count = numbers.pick(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}"])
      return ("(?:\(first.text))\(count)", !["+", "+?", "{2}", "{1,2}", "{2,}"].contains(count))
    }
  }
}
