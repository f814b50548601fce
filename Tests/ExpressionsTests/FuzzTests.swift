import Model
import Testing

@testable import Expressions

/// Arbitrary and nearly-valid texts: every one ends in a tree or a fault.
@Suite struct FuzzTests {
  /// SplitMix64: the same texts every time.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

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
    "\u{0}", "😀",
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
  }

  @Test func survivesArbitraryBytes() {
    var random = Generator(state: 1)
    for _ in 0..<3000 {
      let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      Self.feed(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func survivesNearlyValidTexts() {
    var random = Generator(state: 2)
    for _ in 0..<6000 {
      let count = Int.random(in: 1..<25, using: &random)
      Self.feed((0..<count).map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined())
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
