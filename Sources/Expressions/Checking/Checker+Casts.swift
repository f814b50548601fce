internal import Model

extension Checker {
  /// `operand` as `type`, by an implicit cast where it differs. The caller knows that there is one.
  mutating func coerce(_ operand: Operand, to type: SQLType) -> TypedExpression? {
    if operand.isUnknown { return readLiteral(operand, as: type) }
    if operand.typed.type == type || (type == type.base && operand.typed.type.base == type) {
      return operand.typed
    }
    return make(.cast(operand.typed), type, operand.typed.range)
  }

  /// An untyped literal as `type`.
  mutating func readLiteral(_ operand: Operand, as type: SQLType) -> TypedExpression? {
    let range = operand.typed.range
    guard case .text(let text) = operand.typed.literal else {
      return TypedExpression(.literal(.null), type: type, range: range)
    }
    if TypeRules.isOpaque(type) {
      report(
        "unsupported", "A literal of type \(type.sqlName) is not taken in expressions", range,
        hint: Self.addColumnsHint)
      return nil
    }
    if refuseMovingMoment(text, type, range) { return nil }
    do {
      if let value = try LiteralReader.read(text, as: type) {
        return TypedExpression(.literal(value), type: type, range: range)
      }
      let literal = TypedExpression(.literal(.text(text)), type: .text, range: range)
      return TypedExpression(.cast(literal), type: type, range: range)
    } catch {
      report("bad_literal", "`\(text.prefix(60))` is not \(article(type)): \(error.sentence)", range)
      return nil
    }
  }

  /// `'now'`, `'today'` and the like change from run to run.
  private mutating func refuseMovingMoment(_ text: String, _ type: SQLType, _ range: Range<Int>) -> Bool {
    switch type {
    case .date, .timestamp, .timestamptz: break
    default: return false
    }
    let words = ExpressionLexer.folded(text.utf8).split { !$0.isLetter }
    guard let moving = words.first(where: { ["now", "today", "tomorrow", "yesterday"].contains($0) }) else {
      return false
    }
    report(
      "refused_function", "`'\(moving)'` may not be used: a run made again would see another answer", range,
      hint: "Use `${fire.time}`, or `${interval.start}`")
    return true
  }

  static let addColumnsHint = "Let Postgres compute it, under `source.add_columns`"

  /// `CAST(x AS type)` and `x::type`.
  mutating func cast(_ syntax: Syntax, _ type: SQLType, _ range: Range<Int>) -> Operand? {
    guard let operand = check(syntax) else { return nil }
    if operand.isUnknown {
      guard var typed = readLiteral(operand, as: type) else { return nil }
      typed.range = range
      return Operand(typed: typed)
    }
    let from = operand.typed.type
    guard TypeRules.canCast(from, to: type) else {
      let reason =
        TypeRules.isOpaque(from) || TypeRules.isOpaque(type)
        ? "is only carried, not computed with" : "cannot be cast to \(type.sqlName)"
      report(
        "type_mismatch", "\(article(from).capitalizedFirst) \(reason)", range, hint: Self.addColumnsHint)
      return nil
    }
    let isText = TypeRules.category(type) == .string
    if from == type {
      var same = operand
      same.typed.range = range
      return same
    }
    return Operand(
      typed: make(.cast(operand.typed), type, range),
      isNondeterministic: isText && operand.isNondeterministic)
  }

  mutating func collate(_ syntax: Syntax, _ range: Range<Int>) -> Operand? {
    guard let operand = check(syntax) else { return nil }
    if operand.isUnknown { return Operand(typed: operand.typed) }
    guard operand.typed.type.isText else {
      report("type_mismatch", "COLLATE takes text, this is \(article(operand.typed.type))", range)
      return nil
    }
    if !operand.isNondeterministic { return operand }
    // A cast to its own type stands for the collation.
    return Operand(typed: TypedExpression(.cast(operand.typed), type: operand.typed.type, range: range))
  }

  /// `typed` as a declared result type, as an assignment to a column of it would be cast.
  mutating func assign(_ operand: Operand, to type: SQLType) -> TypedExpression? {
    if operand.isUnknown { return readLiteral(operand, as: type) }
    let from = operand.typed.type
    if from == type { return operand.typed }
    guard TypeRules.isAssignable(from, to: type), !TypeRules.isOpaque(from) else {
      report(
        "type_mismatch",
        "\(article(from).capitalizedFirst) does not fit into the declared type \(type.sqlName)",
        operand.typed.range, hint: "Cast it: `(…)::\(type.sqlName)`")
      return nil
    }
    let isShortened = type.isText && type != type.base
    return make(isShortened ? .assign(operand.typed) : .cast(operand.typed), type, operand.typed.range)
  }

  /// Faults where `operand` may not be compared, ordered or grouped by.
  mutating func requireComparable(_ operand: Operand, _ what: String, ordered: Bool = false) -> Bool {
    let type = operand.typed.type
    if TypeRules.isOpaque(type) {
      report(
        "not_comparable", "\(article(type).capitalizedFirst) is only carried: it cannot be \(what)",
        operand.typed.range, hint: "Take out of it what you need, under `source.add_columns`")
      return false
    }
    if operand.isNondeterministic {
      report(
        "not_comparable", "Text under a nondeterministic collation cannot be \(what)", operand.typed.range,
        hint: "Add COLLATE \"C\" to compare its bytes")
      return false
    }
    if ordered, case .enumeration = type {
      report(
        "not_comparable", "The order of the enum \(type.sqlName) is not known here: it cannot be \(what)",
        operand.typed.range, hint: "Cast it to text, or " + Self.addColumnsHint.lowercasedFirst)
      return false
    }
    return true
  }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
  var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
