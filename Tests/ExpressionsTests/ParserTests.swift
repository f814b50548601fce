import Model
import Testing

@testable import Expressions

@Suite struct ParserTests {
  /// Fully parenthesised, so that precedence shows.
  static func shape(_ tree: Syntax) -> String {
    switch tree.node {
    case .column(let name): name
    case .string(let text): "'\(text)'"
    case .number(let text): text
    case .unary(let name, let operand): "(\(name) \(shape(operand)))"
    case .binary(let name, let left, let right): "(\(shape(left)) \(name) \(shape(right)))"
    case .and(let operands): "(" + operands.map(shape).joined(separator: " AND ") + ")"
    case .or(let operands): "(" + operands.map(shape).joined(separator: " OR ") + ")"
    case .not(let operand): "(NOT \(shape(operand)))"
    case .cast(let operand, let type): "\(shape(operand))::\(type.sqlName)"
    case .isNull(let operand, let negated): "(\(shape(operand)) IS\(negated ? " NOT" : "") NULL)"
    case .atTimeZone(let operand, let zone): "(\(shape(operand)) AT \(shape(zone)))"
    case .between(let operand, let low, let high, _, _):
      "(\(shape(operand)) BETWEEN \(shape(low)) AND \(shape(high)))"
    case .call(let call): "\(call.name)(\(call.arguments.map(shape).joined(separator: ", ")))"
    default: "?"
    }
  }

  @Test(arguments: [
    ("a + b * c", "(a + (b * c))"),
    ("a - b - c", "((a - b) - c)"),
    ("-a ^ 2", "((- a) ^ 2)"),
    ("-2 ^ 2", "(-2 ^ 2)"),
    ("- -5", "5"),
    ("-2::smallint", "(- 2::smallint)"),
    ("a ^ b ^ c", "((a ^ b) ^ c)"),
    ("NOT a = b AND c OR d", "(((NOT (a = b)) AND c) OR d)"),
    ("a OR b AND c OR d", "(a OR (b AND c) OR d)"),
    ("a < b IS NULL", "((a < b) IS NULL)"),
    ("a = b + c IS NOT NULL", "((a = (b + c)) IS NOT NULL)"),
    ("a || b = c", "((a || b) = c)"),
    ("a + b || c", "((a + b) || c)"),
    ("x BETWEEN 1 AND 2 AND y", "((x BETWEEN 1 AND 2) AND y)"),
    ("-a AT TIME ZONE 'UTC'", "((- a) AT 'UTC')"),
    ("a AT TIME ZONE 'UTC' + b", "((a AT 'UTC') + b)"),
    ("(a + b)::text::date", "(a + b)::text::date"),
    ("DATE '2024-01-01' + 1", "('2024-01-01'::date + 1)"),
    ("extract(YEAR FROM a)", "extract('year', a)"),
    ("position('a' IN b)", "position(b, 'a')"),
    ("trim(leading 'x' from b)", "ltrim(b, 'x')"),
    ("substring(a from 2 for 3)", "substring(a, 2, 3)"),
    ("a=-1", "(a = -1)"),
    ("a/* c /* d */ */+ -- e\n b", "(a + b)"),
    ("E'a\\n\\u00e9''\\x41'", "'a\né'A'"),
    ("date", "date"),
    ("left(text, 2)", "left(text, 2)"),
  ])
  func precedence(_ text: String, _ expected: String) throws {
    #expect(Self.shape(try ExpressionParser.parse(SourceText(text))) == expected)
  }
}
