import Model
import Seeds
import Testing

@testable import Expressions

/// Arbitrary and nearly-valid texts: every one ends in a tree or a fault.
@Suite struct FuzzTests {
  static let pieces = [
    "(", ")", "[", "]", ",", "'", "\"", "$$", "$a$", "${", "${params.min}", "}", "$${", "--", "\n", "/*",
    "*/", "E'\\",
    "\\u", "::", ":", ";", ".", "1", "1e", "1.", "+", "-", "*", "/", "^", "<", "=", "<>", "||", " ", "i", "t",
    "b",
    "d", "count(", "sum(i)", "CASE ", " WHEN ", " THEN ", " ELSE ", " END", " AND ", " OR ", "NOT ", " IS ",
    "NULL",
    " IN (", " BETWEEN ", " LIKE ", "extract(year FROM ", "DATE '2024-01-01'", "interval '1 day'", "SELECT ",
    " FROM ",
    " LIMIT 1", " ORDER BY ", "WITH ", "DISTINCT ", "numeric(10,2)", "coalesce(", " AT TIME ZONE ", "é",
    "\u{0}", "😀", "(?i", "(?:", "|", "{2,3}", "?", "\\d", "[^a-", "[[:alpha:]]", "YYYY", "HH24", "$.",
  ]

  static func feed(_ text: String) {
    let source = SourceText(text)
    func check(_ work: () throws -> Void) {
      do { try work() } catch let fault as Fault { _ = fault.place } catch {}
    }
    check {
      _ = try ExpressionChecker.check(source, columns: Fixture.columns, references: Fixture.references)
    }
    check { _ = try TypeNames.parse(source) }
    check { _ = try UserSQL(query: source).resolved(Fixture.references) }
    check { _ = try UserSQL(expression: source).resolved(Fixture.references) }
    check { _ = try UserSQL(statement: source).resolved(Fixture.references) }
    check { _ = try TextPattern(parsing: source) }
    check { _ = try DatePattern(text, place: source.place) }
    check { _ = try JSONPath(text, place: source.place) }
  }

  @Test func survivesArbitraryBytes() {
    let cases = GeneratedCases(3_000)
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let bytes = (0..<numbers.below(60)).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
      Self.feed(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func survivesNearlyValidTexts() {
    let cases = GeneratedCases(6_000)
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      Self.feed((0...numbers.below(24)).map { _ in numbers.pick(Self.pieces) }.joined())
    }
  }

  @Test(arguments: [
    ("(", ")"), ("-", ""), ("NOT ", ""), ("CASE WHEN ", " THEN 1 END"), ("coalesce(", ")"), ("i + (", ")"),
    ("i IN (", ")"),
  ])
  func refusesDepthWithoutOverflow(_ open: String, _ close: String) {
    let count = 100_000 / open.utf8.count
    Self.feed(String(repeating: open, count: count) + "i" + String(repeating: close, count: count))
  }

  @Test(arguments: [("(", ")"), ("-(", ")"), ("abs(", ")"), ("coalesce(i, ", ")"), ("1 + (", ")")])
  func takesTheDeepestThatIsAllowed(_ open: String, _ close: String) throws {
    let depth = Syntax.maximumHeight - 2
    let text = String(repeating: open, count: depth / 2) + "i" + String(repeating: close, count: depth / 2)
    let typed = try ExpressionChecker.check(SourceText(text), columns: Fixture.columns)
    #expect(!SQLRenderer(Fixture.columns).render(typed).text.isEmpty)
    #expect(!ExpressionPrinter(Fixture.columns).print(typed).isEmpty)
    #expect(typed.columns == [2])
  }

  @Test(arguments: ["i + ", "i OR ", "b AND ", "t || ", "i::bigint + ", "i = 1 OR "])
  func longChainsEnd(_ piece: String) {
    Self.feed(String(repeating: piece, count: 4000) + "i")
  }

  @Test func longConditionsAreTaken() throws {
    let text = (0..<2000).map { "i = \($0)" }.joined(separator: " OR ")
    _ = try ExpressionChecker.check(SourceText(text), columns: Fixture.columns)
    let grouped = (0..<2000).map { "(i = \($0))" }.joined(separator: " OR ")
    _ = try ExpressionChecker.check(SourceText(grouped), columns: Fixture.columns)
  }
}
