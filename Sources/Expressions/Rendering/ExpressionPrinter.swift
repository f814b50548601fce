package import Model

/// Writes a typed tree for people: names, no implicit casts, parentheses only where they matter.
package struct ExpressionPrinter {
  /// How each column is written.
  package var columns: [String]

  package init(columns: [String]) {
    self.columns = columns
  }

  package init(_ schema: [ColumnSchema]) {
    columns = schema.map { ExpressionPrinter.name($0.name) }
  }

  /// A column's name as an expression takes it: in quotes where it would not be read as itself without.
  package static func name(_ name: String) -> String {
    let isPlain = name.unicodeScalars.enumerated().allSatisfy { position, scalar in
      switch scalar {
      case "a"..."z", "_": true
      case "0"..."9": position > 0
      default: false
      }
    }
    return isPlain && !name.isEmpty && !ExpressionParser.reserved.contains(name)
      ? name : Identifier(name).quoted
  }

  /// The expression as a person would write it, with no more parentheses than it needs.
  package func print(_ expression: TypedExpression) -> String {
    text(expression).text
  }

  private typealias Strength = ExpressionParser.Strength

  /// A text and how strongly its outermost operator binds.
  private struct Piece {
    var text: String
    var strength: Strength?
  }

  private func inside(_ expression: TypedExpression, _ least: Strength) -> String {
    let piece = text(expression)
    guard let strength = piece.strength, strength < least else { return piece.text }
    return "(\(piece.text))"
  }

  private func list(_ operands: [TypedExpression]) -> String { operands.map(print).joined(separator: ", ") }

  private func text(_ expression: TypedExpression) -> Piece {
    switch expression.node {
    case .column(let number): return Piece(text: columns[number])
    case .literal(let value): return Piece(text: Self.literal(value, expression.type))
    case .call(let function, let operands): return call(function, operands)
    case .and(let operands):
      return Piece(text: operands.map { inside($0, .not) }.joined(separator: " AND "), strength: .and)
    case .or(let operands):
      return Piece(text: operands.map { inside($0, .and) }.joined(separator: " OR "), strength: .or)
    case .not(let operand): return Piece(text: "NOT \(inside(operand, .not))", strength: .not)
    case .isNull(let operand, let negated):
      return Piece(text: "\(inside(operand, .comparison)) IS \(negated ? "NOT " : "")NULL", strength: .is)
    case .isBoolean(let operand, let value, let negated):
      let word = value.map { $0 ? "TRUE" : "FALSE" } ?? "UNKNOWN"
      return Piece(text: "\(inside(operand, .comparison)) IS \(negated ? "NOT " : "")\(word)", strength: .is)
    case .isDistinct(let left, let right, let negated):
      let word = negated ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM"
      return Piece(text: "\(inside(left, .comparison)) \(word) \(inside(right, .comparison))", strength: .is)
    case .inList(let operand, let items, let negated):
      return Piece(
        text: "\(inside(operand, .other)) \(negated ? "NOT IN" : "IN") (\(list(items)))", strength: .like)
    case .conditional(let branches, let otherwise):
      let cases = branches.map { " WHEN \(print($0.condition)) THEN \(print($0.result))" }.joined()
      return Piece(text: "CASE\(cases)\(otherwise.map { " ELSE \(print($0))" } ?? "") END")
    case .coalesce(let operands): return Piece(text: "coalesce(\(list(operands)))")
    case .nullIf(let left, let right): return Piece(text: "nullif(\(print(left)), \(print(right)))")
    case .greatest(let operands): return Piece(text: "greatest(\(list(operands)))")
    case .least(let operands): return Piece(text: "least(\(list(operands)))")
    case .cast(let operand):
      if operand.type == expression.type {
        return Piece(text: "\(inside(operand, .collate)) COLLATE \"C\"", strength: .collate)
      }
      let isHidden =
        TypeRules.isImplicit(operand.type, to: expression.type) && expression.type == expression.type.base
      if isHidden { return text(operand) }
      return Piece(text: "\(inside(operand, .cast))::\(expression.type.sqlName)", strength: .cast)
    case .assign(let operand):
      return Piece(text: "\(inside(operand, .cast))::\(expression.type.sqlName)", strength: .cast)
    }
  }

  private func call(_ function: Function, _ operands: [TypedExpression]) -> Piece {
    if operands.count == 2, let (symbol, strength) = Self.infix[function] {
      let next = Strength(rawValue: strength.rawValue + 1) ?? .cast
      let left = inside(operands[0], strength == .comparison || strength == .like ? next : strength)
      return Piece(text: "\(left) \(symbol) \(inside(operands[1], next))", strength: strength)
    }
    switch function {
    case .negate: return Piece(text: "-\(inside(operands[0], .cast))", strength: .sign)
    case .extract:
      if case .text(let field) = operands[0].literal {
        return Piece(text: "extract(\(field) FROM \(print(operands[1])))")
      }
    case .position: return Piece(text: "position(\(print(operands[1])) IN \(print(operands[0])))")
    default: break
    }
    return Piece(text: "\(function.rawValue)(\(list(operands)))")
  }

  private static let infix: [Function: (String, ExpressionParser.Strength)] = [
    .add: ("+", .sum), .subtract: ("-", .sum), .multiply: ("*", .product), .divide: ("/", .product),
    .modulo: ("%", .product), .power: ("^", .power), .equal: ("=", .comparison),
    .notEqual: ("<>", .comparison),
    .less: ("<", .comparison), .lessOrEqual: ("<=", .comparison), .greater: (">", .comparison),
    .greaterOrEqual: (">=", .comparison), .like: ("LIKE", .like), .notLike: ("NOT LIKE", .like),
    .ilike: ("ILIKE", .like), .notIlike: ("NOT ILIKE", .like), .concatenate: ("||", .other),
    .atTimeZone: ("AT TIME ZONE", .at),
  ]

  private static func literal(_ value: Value, _ type: SQLType) -> String {
    switch value {
    case .null: return "NULL"
    case .boolean(let flag): return flag ? "true" : "false"
    case .integer(let number): return number < 0 ? "(\(number))" : "\(number)"
    case .numeric, .double:
      let text = value.postgresText ?? "NULL"
      let isPlain = text.utf8.allSatisfy { SQLScanner.isDigit($0) || $0 == UInt8(ascii: ".") }
      return isPlain ? text : "'\(text)'::\(type.sqlName)"
    case .text(let text): return SQLText.string(text).text
    case .date, .timestamp, .timestamptz, .interval, .uuid, .bytes:
      return "'\(value.postgresText ?? "")'::\(type.sqlName)"
    }
  }
}
