import Model
import Testing

@testable import Expressions

@Suite struct RenderingTests {
  /// Types that SQL text cannot name without the database are left out.
  static var expressions: [String] {
    get throws {
      try Fixture.lines("types.txt").compactMap { line in
        guard let (text, type) = Fixture.cut(line.text), !type.hasPrefix("error") else { return nil }
        return text
      }
    }
  }

  static func typed(_ text: String) -> TypedExpression? {
    do {
      return try ExpressionChecker.check(
        SourceText(text), columns: Fixture.columns, references: Fixture.references)
    } catch {
      return nil
    }
  }

  @Test func renderedSQLIsTheSameExpression() throws {
    let renderer = SQLRenderer(Fixture.columns)
    var wrong: [String] = []
    var count = 0
    for text in try Self.expressions {
      guard let first = Self.typed(text) else { continue }
      let sql = renderer.render(first).text
      if sql.contains("::shop_mood") { continue }
      count += 1
      if Self.typed(sql) != first { wrong.append("\(text) -> \(sql)") }
    }
    #expect(count > 5000)
    #expect(wrong.isEmpty, "\(wrong.count) of \(count): \(wrong.prefix(30).joined(separator: "\n"))")
  }

  @Test func printedTextIsTheSameExpression() throws {
    let (printer, renderer) = (ExpressionPrinter(Fixture.columns), SQLRenderer(Fixture.columns))
    var wrong: [String] = []
    for text in try Self.expressions {
      guard let first = Self.typed(text) else { continue }
      let printed = printer.print(first)
      if printed.contains("::shop_mood") { continue }
      if Self.typed(printed).map(renderer.render) != renderer.render(first) {
        wrong.append("\(text) -> \(printed)")
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(150).joined(separator: "\n"))")
  }

  @Test(arguments: [
    ("(i + l) * 2 > 5 AND NOT (t = 'a' OR t IS NULL)", "(i + l) * 2 > 5 AND NOT (t = 'a' OR t IS NULL)"),
    ("p * (1 - p)", "p * (1 - p)"), ("v = 'x' AND c = 'y'", "v = 'x' AND c = 'y'"),
    ("(i / s)::numeric", "(i / s)::numeric"), ("i::numeric / s", "i::numeric / s::numeric"),
    ("coalesce(n, 0)", "coalesce(n, 0)"), ("i * 0.5", "i * 0.5"), ("f * 0.5", "f * 0.5"),
    ("round(i / 2.0, 2)", "round(i / 2.0, 2)"),
    ("(i * 0.1::float8)::text", "(i::double precision * 0.1::double precision)::text"),
    ("extract(year FROM d)::integer", "extract(year FROM d)::integer"),
    ("i - (l - n)", "i - (l - n)"),
    ("(tz AT TIME ZONE 'UTC')::date", "(tz AT TIME ZONE 'UTC')::date"),
  ])
  func printsWithoutNeedlessParentheses(_ text: String, _ expected: String) throws {
    let typed = try #require(Self.typed(text))
    #expect(ExpressionPrinter(Fixture.columns).print(typed) == expected)
  }

  @Test func textIsComparedUnderC() throws {
    let typed = try #require(Self.typed("t < 'b' AND v = 'x'"))
    #expect(
      SQLRenderer(Fixture.columns).render(typed).text
        == #"((("t" COLLATE "C") < ('b'::text)) AND ((("v"::text) COLLATE "C") = ('x'::text)))"#)
  }

  @Test(arguments: [
    ("i > 5", true), ("p >= 1.5", true), ("t = 'a'", true), ("t < 'a'", false), ("d >= '2024-01-01'", true),
    ("i + 1 > 5", false), ("f > 1", false), ("i > 5 AND NOT (d IS NULL OR b)", true),
    ("lower(t) = 'a'", false),
    ("i IN (1, 2, 3)", true), ("c = 'a'", false), ("l = i", true),
  ])
  func knowsWhatIsPortable(_ text: String, _ expected: Bool) throws {
    let typed = try #require(Self.typed(text))
    #expect((typed.isPortable && typed.cannotFault) == expected)
  }
}
