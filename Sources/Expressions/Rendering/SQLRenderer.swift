package import Model

/// Writes a typed tree as SQL: fully parenthesised, every cast explicit, text compared under
/// collation "C". Postgres then computes what the kernels do, whatever the columns' collations.
package struct SQLRenderer {
  /// What stands for each column number.
  package var columns: [SQLText]

  package init(columns: [SQLText]) {
    self.columns = columns
  }

  /// Columns by their names.
  package init(_ schema: [ColumnSchema]) {
    columns = schema.map { "\(Identifier($0.name))" }
  }

  /// The expression as Postgres takes it.
  package func render(_ expression: TypedExpression) -> SQLText {
    switch expression.node {
    case .column(let number): return columns[number]
    case .literal(let value): return .literal(value, as: expression.type)
    case .call(let function, let operands): return call(function, operands)
    case .and(let operands): return "(\(operands.map(render), separator: " AND "))"
    case .or(let operands): return "(\(operands.map(render), separator: " OR "))"
    case .not(let operand): return "(NOT \(render(operand)))"
    case .isNull(let operand, let negated):
      return negated ? "(\(render(operand)) IS NOT NULL)" : "(\(render(operand)) IS NULL)"
    case .isBoolean(let operand, let value, let negated):
      let not: SQLText = negated ? "NOT " : ""
      let word: SQLText =
        switch value {
        case true?: "TRUE"
        case false?: "FALSE"
        case nil: "UNKNOWN"
        }
      return "(\(render(operand)) IS \(not)\(word))"
    case .isDistinct(let left, let right, let negated):
      return negated
        ? "(\(compared(left)) IS NOT DISTINCT FROM \(render(right)))"
        : "(\(compared(left)) IS DISTINCT FROM \(render(right)))"
    case .inList(let operand, let items, let negated):
      let not: SQLText = negated ? "NOT " : ""
      return "(\(compared(operand)) \(not)IN (\(items.map(render))))"
    case .conditional(let branches, let otherwise):
      let cases: [SQLText] = branches.map { "WHEN \(render($0.condition)) THEN \(render($0.result))" }
      let last: SQLText = otherwise.map { " ELSE \(render($0))" } ?? ""
      return "(CASE \(cases, separator: " ")\(last) END)"
    case .coalesce(let operands): return "COALESCE(\(operands.map(render)))"
    case .nullIf(let left, let right): return "NULLIF(\(compared(left)), \(render(right)))"
    case .greatest(let operands): return "GREATEST(\(operands.map(compared)))"
    case .least(let operands): return "LEAST(\(operands.map(compared)))"
    case .cast(let operand):
      if operand.type == expression.type { return "(\(render(operand)) COLLATE \"C\")" }
      return "(\(render(operand))::\(type: expression.type))"
    case .assign(let operand): return "(\(render(operand))::\(type: expression.type))"
    }
  }

  /// With COLLATE where the type has collations and the expression does not name "C" itself.
  private func compared(_ expression: TypedExpression) -> SQLText {
    if expression.literal?.isNull ?? false { return render(expression) }
    guard expression.type.isText else { return render(expression) }
    if case .cast(let operand) = expression.node, operand.type == expression.type {
      return render(expression)
    }
    return "(\(render(expression)) COLLATE \"C\")"
  }

  private func call(_ function: Function, _ operands: [TypedExpression]) -> SQLText {
    if let symbol = Self.infix[function], operands.count == 2 {
      return
        "(\(Self.isCollated(function) ? compared(operands[0]) : render(operands[0])) \(symbol) \(render(operands[1])))"
    }
    switch function {
    case .negate: return "(- \(render(operands[0])))"
    case .extract:
      // The field is a literal that the checker knows.
      return "extract(\(field(operands[0])) FROM \(render(operands[1])))"
    case .position: return "position(\(render(operands[1])) IN \(compared(operands[0])))"
    case .atTimeZone: return "(\(render(operands[0])) AT TIME ZONE \(render(operands[1])))"
    case .trim: return "btrim(\(operands.map(render)))"
    case .lower, .upper, .initcap: return "\(SQLText(trusted: function.rawValue))(\(compared(operands[0])))"
    default:
      var rendered = operands.map(render)
      if Self.isCollated(function) { rendered[0] = compared(operands[0]) }
      return "\(SQLText(trusted: function.rawValue))(\(rendered))"
    }
  }

  private func field(_ operand: TypedExpression) -> SQLText {
    guard case .text(let name) = operand.literal else { return render(operand) }
    return .string(name)
  }

  private static func isCollated(_ function: Function) -> Bool {
    switch function {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .like, .notLike, .ilike,
      .notIlike,
      .strpos, .replace, .startsWith, .splitPart, .translate:
      true
    default: false
    }
  }

  private static let infix: [Function: SQLText] = [
    .add: "+", .subtract: "-", .multiply: "*", .divide: "/", .modulo: "%",
    .equal: "=", .notEqual: "<>", .less: "<", .lessOrEqual: "<=", .greater: ">", .greaterOrEqual: ">=",
    .like: "LIKE", .notLike: "NOT LIKE", .ilike: "ILIKE", .notIlike: "NOT ILIKE", .concatenate: "||",
  ]
}
