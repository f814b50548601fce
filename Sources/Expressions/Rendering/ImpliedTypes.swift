import Model

/// What need not be written in an expression because the types of its other operands say it: in `price * 2` that
/// the 2 is numeric. `(a / b)::numeric` says what nothing else does, and stays.
enum ImpliedTypes {
  /// The operands of one operation without the casts, and constants without the types, that reading brings back.
  /// - Parameter areCompared: that they are those of an operator or function, none of which takes a `varchar` as such.
  static func bare(_ operands: [TypedExpression], areCompared: Bool = false) -> [TypedExpression] {
    operands.map { operand in
      guard let inner = unwritten(operand) else { return operand }
      let isImplied =
        operands.contains { unwritten($0) == nil && $0.type.base == operand.type && decidesType($0) }
        || areCompared && operand.type == .text && inner.type.base == .varchar(nil)
      return isImplied ? inner : operand
    }
  }

  /// The type as which a constant is read that stands without one; `nil` of those that never do. Quotes and NULL alone
  /// are a text where nothing else decides.
  static func read(_ value: Value) -> SQLType? {
    switch value {
    case .null, .text: return .text
    case .boolean: return .boolean
    case .integer(let number): return Int32(exactly: number) == nil ? .bigint : .integer
    case .numeric(let number):
      if !number.isFinite { return nil }
      if number.scale > 0 { return .numeric }
      guard let whole = Int64(value.postgresText ?? "") else { return .numeric }
      return read(.integer(whole))
    default: return nil
    }
  }

  /// The operand without its outermost cast or type; `nil` where it has none that could be implied.
  private static func unwritten(_ operand: TypedExpression) -> TypedExpression? {
    // Whatever meets a `real` becomes a `double precision`, unless a cast says otherwise.
    guard operand.type == operand.type.base, operand.type != .real else { return nil }
    switch operand.node {
    case .cast(let inner)
    where inner.type != operand.type && TypeRules.isImplicit(inner.type, to: operand.type):
      return inner
    case .literal(.double(let number)) where operand.type == .double:
      return plain(number).map { TypedExpression(.literal($0), type: read($0) ?? .numeric) }
    case .literal(let value):
      guard let type = read(value), type != operand.type,
        type == .text || TypeRules.isImplicit(type, to: operand.type)
      else { return nil }
      return TypedExpression(operand.node, type: type)
    default: return nil
    }
  }

  /// The constant whose digits are read as `number` where a `double precision` is wanted.
  private static func plain(_ number: Double) -> Value? {
    let isNegativeZero = number == 0 && number.sign == .minus
    guard number.isFinite, !isNegativeZero, let text = Value.double(number).postgresText, !text.contains("e")
    else { return nil }
    do {
      return .numeric(try Decimal(parsing: text))
    } catch {
      // Not to be read as a numeric, so it is written with its type.
      return nil
    }
  }

  /// False of quotes and NULL alone, which take the type of the others.
  private static func decidesType(_ operand: TypedExpression) -> Bool {
    switch operand.literal {
    case .text, .null: operand.type != .text
    default: true
    }
  }
}
