internal import Model

/// Computes what is constant ahead of the rows, as Postgres's planner does, so that what a
/// constant hides or reveals is the same: `false AND x` is false without looking at `x`, and a
/// strict function of NULL is NULL.
///
/// Only what is cheap to say exactly is computed: casts, comparisons and arithmetic of numbers,
/// logic. Everything else stays as it is; that is always right too.
enum ConstantFolding {
  /// `expression`, or something equal and simpler. Operands are folded already.
  static func fold(_ expression: TypedExpression) -> TypedExpression {
    switch expression.node {
    case .call(let function, let operands):
      if function != .concat, operands.contains(where: { $0.literal?.isNull ?? false }) {
        return expression.replaced(by: .literal(.null))
      }
      return settled(expression) { () throws(RowFault) in try evaluated(function, operands, expression.type) }
    case .cast(let operand):
      guard let value = operand.literal else { return expression }
      return settled(expression) { () throws(RowFault) in
        try cast(value, from: operand.type, to: expression.type)
      }
    case .and(let operands): return connective(expression, operands, decisive: false) { .and($0) }
    case .or(let operands): return connective(expression, operands, decisive: true) { .or($0) }
    case .not(let operand):
      switch operand.literal {
      case .boolean(let value): return expression.replaced(by: .literal(.boolean(!value)))
      case .null: return expression.replaced(by: .literal(.null))
      default: return expression
      }
    case .isNull(let operand, let negated):
      guard let value = operand.literal else { return expression }
      return expression.replaced(by: .literal(.boolean(value.isNull != negated)))
    case .conditional(let branches, let otherwise): return conditional(expression, branches, otherwise)
    case .coalesce(let operands): return coalesce(expression, operands)
    case .inList(let operand, _, _):
      return operand.literal?.isNull ?? false ? expression.replaced(by: .literal(.null)) : expression
    case .nullIf(let left, let right): return nullIf(expression, left, right)
    case .greatest(let operands), .least(let operands):
      return operands.allSatisfy { $0.literal?.isNull ?? false }
        ? expression.replaced(by: .literal(.null)) : expression
    default: return expression
    }
  }

  /// The literal that `value` gives; the expression itself where that faults or is not known here.
  private static func settled(
    _ expression: TypedExpression, _ value: () throws(RowFault) -> Value?
  ) -> TypedExpression {
    do {
      guard let value = try value() else { return expression }
      return expression.replaced(by: .literal(value))
    } catch {
      // Left for the row that meets it; `certainFault` says where every row would.
      return expression
    }
  }

  /// The first fault that every evaluation of `expression` must meet, and where.
  static func certainFault(_ expression: TypedExpression) -> (fault: RowFault, range: Range<Int>)? {
    for operand in expression.alwaysEvaluated {
      if let found = certainFault(operand) { return found }
    }
    do {
      switch expression.node {
      case .call(let function, let operands): _ = try evaluated(function, operands, expression.type)
      case .cast(let operand):
        if let value = operand.literal { _ = try cast(value, from: operand.type, to: expression.type) }
      default: break
      }
    } catch {
      return (error, expression.range)
    }
    return nil
  }

  private static func connective(
    _ expression: TypedExpression, _ operands: [TypedExpression], decisive: Bool,
    _ make: ([TypedExpression]) -> TypedExpression.Node
  ) -> TypedExpression {
    if operands.contains(where: { $0.literal == .boolean(decisive) }) {
      return expression.replaced(by: .literal(.boolean(decisive)))
    }
    var seenNull = false
    let left = operands.filter { operand in
      if operand.literal == .boolean(!decisive) { return false }
      if operand.literal == .null {
        defer { seenNull = true }
        return !seenNull
      }
      return true
    }
    switch left.count {
    case 0: return expression.replaced(by: .literal(.boolean(!decisive)))
    case 1: return left[0]
    default: return expression.replaced(by: make(left))
    }
  }

  private static func conditional(
    _ expression: TypedExpression, _ branches: [TypedExpression.Branch], _ otherwise: TypedExpression?
  ) -> TypedExpression {
    var kept: [TypedExpression.Branch] = []
    var otherwise = otherwise
    for branch in branches {
      switch branch.condition.literal {
      case .boolean(true):
        if kept.isEmpty { return expression.standing(branch.result) }
        return expression.replaced(by: .conditional(kept, otherwise: branch.result))
      case .boolean(false), .null: continue
      default: kept.append(branch)
      }
    }
    if kept.isEmpty {
      return otherwise.map(expression.standing) ?? expression.replaced(by: .literal(.null))
    }
    if otherwise?.literal == .null { otherwise = nil }
    return expression.replaced(by: .conditional(kept, otherwise: otherwise))
  }

  private static func coalesce(_ expression: TypedExpression, _ operands: [TypedExpression])
    -> TypedExpression
  {
    var kept: [TypedExpression] = []
    for operand in operands {
      guard let value = operand.literal else {
        kept.append(operand)
        continue
      }
      if value.isNull { continue }
      kept.append(operand)
      break
    }
    switch kept.count {
    case 0: return expression.replaced(by: .literal(.null))
    case 1: return expression.standing(kept[0])
    default: return expression.replaced(by: .coalesce(kept))
    }
  }

  /// Nothing equals NULL, so there the first operand is left.
  private static func nullIf(
    _ expression: TypedExpression, _ left: TypedExpression, _ right: TypedExpression
  ) -> TypedExpression {
    guard let value = right.literal, !value.isNull, !(left.literal?.isNull ?? false) else {
      let isNull = left.literal?.isNull ?? false || right.literal?.isNull ?? false
      return isNull ? expression.standing(left) : expression
    }
    guard let first = left.literal else { return expression }
    return first == value ? expression.replaced(by: .literal(.null)) : expression
  }

  // MARK: Values

  private static func evaluated(
    _ function: Function, _ operands: [TypedExpression], _ type: SQLType
  ) throws(RowFault) -> Value? {
    var values: [Value] = []
    for operand in operands {
      guard let value = operand.literal else { return nil }
      values.append(value)
    }
    switch (values.first, values.dropFirst().first, values.count) {
    case (.integer(let left), .integer(let right), 2): return try integers(function, left, right, type)
    case (.numeric(let left), .numeric(let right), 2): return try decimals(function, left, right)
    case (.text(let left), .text(let right), 2) where operands.allSatisfy({ $0.type == .text }):
      return texts(function, left, right)
    case (.integer(let operand), nil, 1) where function == .negate:
      return .integer(try checked(operand.multipliedReportingOverflow(by: -1), type))
    case (.numeric(let operand), nil, 1) where function == .negate: return .numeric(operand.negated)
    case (.double(let operand), nil, 1) where function == .negate: return .double(-operand)
    default: return nil
    }
  }

  private static func checked(
    _ result: (partialValue: Int64, overflow: Bool), _ type: SQLType
  ) throws(RowFault) -> Int64 {
    guard !result.overflow, LiteralReader.range(type).contains(result.partialValue) else {
      throw .numericOutOfRange(type.sqlName)
    }
    return result.partialValue
  }

  private static func integers(
    _ function: Function, _ left: Int64, _ right: Int64, _ type: SQLType
  ) throws(RowFault) -> Value? {
    switch function {
    case .add: return .integer(try checked(left.addingReportingOverflow(right), type))
    case .subtract: return .integer(try checked(left.subtractingReportingOverflow(right), type))
    case .multiply: return .integer(try checked(left.multipliedReportingOverflow(by: right), type))
    case .divide:
      if right == 0 { throw .divisionByZero }
      return .integer(try checked(left.dividedReportingOverflow(by: right), type))
    case .modulo, .mod:
      if right == 0 { throw .divisionByZero }
      return .integer(right == -1 ? 0 : left % right)
    default: return compared(function, left < right ? -1 : left == right ? 0 : 1)
    }
  }

  private static func decimals(_ function: Function, _ left: Decimal, _ right: Decimal) throws(RowFault)
    -> Value?
  {
    switch function {
    case .add: return .numeric(try left.adding(right))
    case .subtract: return .numeric(try left.subtracting(right))
    case .multiply: return .numeric(try left.multiplied(by: right))
    case .divide: return .numeric(try left.divided(by: right))
    case .modulo, .mod: return .numeric(try left.remainder(dividingBy: right))
    default: return compared(function, Decimal.order(left, right))
    }
  }

  private static func texts(_ function: Function, _ left: String, _ right: String) -> Value? {
    if function == .concatenate { return .text(left + right) }
    if left.utf8.elementsEqual(right.utf8) { return compared(function, 0) }
    return compared(function, left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1)
  }

  private static func compared(_ function: Function, _ order: Int) -> Value? {
    switch function {
    case .equal: .boolean(order == 0)
    case .notEqual: .boolean(order != 0)
    case .less: .boolean(order < 0)
    case .lessOrEqual: .boolean(order <= 0)
    case .greater: .boolean(order > 0)
    case .greaterOrEqual: .boolean(order >= 0)
    default: nil
    }
  }

  private static func cast(_ value: Value, from: SQLType, to: SQLType) throws(RowFault) -> Value? {
    switch (value, to) {
    case (.null, _): return .null
    case (.text(let text), _) where from.isText:
      let plain = if case .char = from, !to.isChar { String(text.trimmingTrailingBlanks()) } else { text }
      return try LiteralReader.read(plain, as: to)
    case (.integer(let number), .smallint), (.integer(let number), .integer), (.integer(let number), .bigint):
      return .integer(try checked((number, false), to))
    case (.integer(let number), .numeric): return try cast(.numeric(Decimal(number)), from: .numeric, to: to)
    case (.integer(let number), .double): return .double(Double(number))
    case (.numeric(let number), .numeric(let modifier)):
      guard let modifier else { return value }
      return .numeric(try number.fitted(precision: modifier.precision, scale: modifier.scale))
    case (.numeric(let number), .bigint): return .integer(try number.int64())
    case (.numeric(let number), .integer): return .integer(Int64(try number.int32()))
    case (.numeric(let number), .smallint): return .integer(Int64(try number.int16()))
    case (.numeric(let number), .double): return .double(try number.double())
    case (.integer, .text), (.numeric, .text), (.boolean, .text): return value.postgresText.map(Value.text)
    default: return nil
    }
  }
}

extension TypedExpression {
  /// `part` in this expression's place, with this expression's modifier.
  fileprivate func standing(_ part: TypedExpression) -> TypedExpression {
    part.type == type ? part : ConstantFolding.fold(replaced(by: .cast(part)))
  }
}

extension String {
  /// Without the blanks at its end that `char(n)` does not count.
  func trimmingTrailingBlanks() -> Substring {
    var end = endIndex
    while end > startIndex, utf8[utf8.index(before: end)] == UInt8(ascii: " ") {
      end = utf8.index(before: end)
    }
    return self[..<end]
  }
}
