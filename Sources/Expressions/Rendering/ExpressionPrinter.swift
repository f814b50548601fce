package import Model

/// Writes a typed tree for people: names, parentheses only where they matter, and the casts and types of constants
/// that the other operands do not bring about by themselves. What it writes is read as the same tree.
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
      let sides = ImpliedTypes.bare([left, right], areCompared: true)
      return Piece(
        text: "\(inside(sides[0], .comparison)) \(word) \(inside(sides[1], .comparison))", strength: .is)
    case .inList(let operand, let items, let negated):
      let bare = items.map { ImpliedTypes.bare([operand, $0], areCompared: true)[1] }
      let left = ImpliedTypes.bare([operand], areCompared: true)[0]
      return Piece(
        text: "\(inside(left, .other)) \(negated ? "NOT IN" : "IN") (\(list(bare)))", strength: .like)
    case .conditional(let branches, let otherwise):
      let results = ImpliedTypes.bare(branches.map(\.result) + (otherwise.map { [$0] } ?? []))
      let cases = zip(branches, results).map { " WHEN \(print($0.condition)) THEN \(print($1))" }.joined()
      let last = otherwise == nil ? "" : " ELSE \(print(results[branches.count]))"
      return Piece(text: "CASE\(cases)\(last) END")
    case .coalesce(let operands): return Piece(text: "coalesce(\(list(ImpliedTypes.bare(operands))))")
    case .nullIf(let left, let right):
      // Its type is that of the first.
      return Piece(text: "nullif(\(list([left, ImpliedTypes.bare([left, right])[1]])))")
    case .greatest(let operands): return Piece(text: "greatest(\(list(ImpliedTypes.bare(operands))))")
    case .least(let operands): return Piece(text: "least(\(list(ImpliedTypes.bare(operands))))")
    case .cast(let operand):
      if operand.type == expression.type {
        return Piece(text: "\(inside(operand, .collate)) COLLATE \"C\"", strength: .collate)
      }
      return Piece(text: "\(inside(operand, .cast))::\(expression.type.sqlName)", strength: .cast)
    case .assign(let operand):
      return Piece(text: "\(inside(operand, .cast))::\(expression.type.sqlName)", strength: .cast)
    }
  }

  private func call(_ function: Function, _ typed: [TypedExpression]) -> Piece {
    let operands = ImpliedTypes.bare(typed, areCompared: true)
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

  /// With its type, unless it is read as that without.
  private static func literal(_ value: Value, _ type: SQLType) -> String {
    let isBare = ImpliedTypes.read(value) == type
    let text = value.postgresText ?? "NULL"
    let body: String
    switch value {
    case .null, .boolean: body = text
    case .integer, .numeric, .double:
      let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
      let isPlain = digits.utf8.allSatisfy { SQLScanner.isDigit($0) || $0 == UInt8(ascii: ".") }
      body =
        !isPlain || type == .real ? SQLText.string(text).text : digits.count < text.count ? "(\(text))" : text
    case .text, .date, .timestamp, .timestamptz, .interval, .uuid, .bytes: body = SQLText.string(text).text
    }
    return isBare ? body : "\(body)::\(type.sqlName)"
  }
}
