internal import Model

extension Checker {
  mutating func call(_ call: Syntax.Call, _ range: Range<Int>) -> Operand? {
    if let function = AggregateCatalogue.function(call.name) { return aggregate(function, call, range) }
    if call.name == "grouping" { return grouping(call, range) }
    if call.isStar || call.isDistinct || !call.order.isEmpty || call.withinGroup != nil || call.filter != nil
    {
      let isKnown = FunctionCatalogue.names.contains(call.name)
      if isKnown {
        report(
          "type_mismatch",
          "`\(call.name)` is not an aggregate: `*`, DISTINCT, ORDER BY and FILTER mean nothing in it",
          range)
      } else {
        report(FunctionCatalogue.unknown(call.name), range)
      }
      return nil
    }
    switch call.name {
    case "coalesce", "greatest", "least": return variadic(call, range)
    case "nullif": return nullIf(call.arguments, range)
    case "concat": return concat(call.arguments, range)
    default: break
    }
    guard FunctionCatalogue.entry(call.name) != nil else {
      if let type = TypeNames.simple[call.name], call.arguments.count == 1 {
        return cast(call.arguments[0], type, range)
      }
      report(FunctionCatalogue.unknown(call.name), range)
      return nil
    }
    guard let arguments = checkAll(call.arguments) else { return nil }
    return callFunction(call.name, arguments, range)
  }

  /// A call of a catalogued function, its arguments checked.
  mutating func callFunction(
    _ name: String, _ arguments: [Operand], _ range: Range<Int>
  ) -> Operand? {
    guard let entry = FunctionCatalogue.entry(name) else { return nil }
    let types = arguments.map(\.resolutionType)
    switch OverloadResolution.resolve(entry.overloads, types, isOperator: false) {
    case .found(let overload) where overload.isRefused:
      report(
        "unsupported", "`\(shownCall(name, arguments))` is not taken in expressions", range,
        hint: Self.addColumnsHint)
    case .found(let overload):
      guard let applied = apply(overload, arguments, range), let typed = settled(applied) else { return nil }
      return Operand(
        typed: typed,
        isNondeterministic: overload.result == .text && arguments.contains { $0.isNondeterministic })
    case .ambiguous:
      report(
        "ambiguous_call", "`\(shownCall(name, arguments))` could mean several functions", range,
        hint: "Give literals a type: `'1'::integer`. \(entry.signaturesHint)")
    case .none:
      report(
        "type_mismatch", "There is no `\(shownCall(name, arguments))`", range,
        hint: entry.signaturesHint)
    }
    return nil
  }

  private func shownCall(_ name: String, _ arguments: [Operand]) -> String {
    "\(name)(\(arguments.map(shown).joined(separator: ", ")))"
  }

  /// The call as the kernels take it: what they need constant is, fields have one spelling, and the value
  /// of AT TIME ZONE stands first (Postgres's function takes the zone first).
  private mutating func settled(_ typed: TypedExpression) -> TypedExpression? {
    guard case .call(let function, var operands) = typed.node else { return typed }
    switch function {
    case .extract, .datePart, .dateTrunc:
      guard let field = constantText(operands[0], "The field") else { return nil }
      if let fault = TimeField.fault(field, of: operands[1].type.base, in: function) {
        report("bad_field", fault.sentence, operands[0].range, hint: fault.hint)
        return nil
      }
      if operands.count > 2, constantText(operands[2], "The time zone") == nil { return nil }
      operands[0] = operands[0].replaced(by: .literal(.text(TimeField.canonical(field))))
    case .atTimeZone:
      if constantText(operands[0], "The time zone") == nil { return nil }
      operands.swapAt(0, 1)
    case .toChar:
      guard let pattern = constantText(operands[1], "The pattern") else { return nil }
      if let fault = ToCharPattern.fault(pattern, for: operands[0].type.base) {
        report("unsupported", fault, operands[1].range, hint: Self.addColumnsHint)
        return nil
      }
    case .dateBin:
      if !operands[0].columns.isEmpty {
        report(
          "unsupported", "The stride of `date_bin` is not a literal", operands[0].range,
          hint: Self.addColumnsHint)
        return nil
      }
    default: return typed
    }
    return typed.replaced(by: .call(function, operands))
  }

  private mutating func constantText(_ operand: TypedExpression, _ what: String) -> String? {
    if case .text(let text) = operand.literal { return text }
    report("unsupported", "\(what) is not a literal or a reference", operand.range, hint: Self.addColumnsHint)
    return nil
  }

  // MARK: Forms of any type

  /// Operands of one type, as `CASE`, `COALESCE` and the like need them.
  mutating func unified(
    _ operands: [Operand], _ what: String, _ range: Range<Int>
  ) -> (operands: [TypedExpression], type: SQLType)? {
    if operands.contains(where: { TypeRules.isOpaque($0.typed.type) }) {
      let opaque = operands.first { TypeRules.isOpaque($0.typed.type) }
      report(
        "unsupported",
        "\(article((opaque ?? operands[0]).typed.type).capitalizedFirst) is only carried: `\(what)` does not take it",
        range, hint: Self.addColumnsHint)
      return nil
    }
    guard let base = TypeRules.common(operands.map(\.resolutionType)) else {
      let types = operands.filter { !$0.isUnknown }.map(\.typed.type.base.shownName)
      report(
        "type_mismatch", "The results of `\(what)` have no common type: \(types.joined(separator: ", "))",
        range,
        hint: "Cast them to one type")
      return nil
    }
    // A modifier stays where all operands share it.
    let known = operands.filter { !$0.isUnknown }.map(\.typed.type)
    let type = known.count == operands.count && known.allSatisfy({ $0 == known[0] }) ? known[0] : base
    let typed = operands.map { coerce($0, to: type) }
    return typed.contains(nil) ? nil : (typed.compactMap { $0 }, type)
  }

  private mutating func variadic(_ call: Syntax.Call, _ range: Range<Int>) -> Operand? {
    guard !call.arguments.isEmpty else {
      report("type_mismatch", "`\(call.name)` needs an operand", range)
      return nil
    }
    guard let operands = checkAll(call.arguments) else { return nil }
    if call.name != "coalesce" {
      for operand in operands where !requireComparable(operand, "compared", ordered: true) { return nil }
    }
    guard let (typed, type) = unified(operands, call.name, range) else { return nil }
    let node: TypedExpression.Node =
      switch call.name {
      case "coalesce": .coalesce(typed)
      case "greatest": .greatest(typed)
      default: .least(typed)
      }
    return Operand(
      typed: make(node, type, range),
      isNondeterministic: operands.contains { $0.isNondeterministic })
  }

  private mutating func nullIf(_ arguments: [Syntax], _ range: Range<Int>) -> Operand? {
    guard arguments.count == 2 else {
      report("type_mismatch", "`nullif` takes two operands, here are \(arguments.count)", range)
      return nil
    }
    guard let operands = checkAll(arguments),
      requireComparable(operands[0], "compared"), requireComparable(operands[1], "compared"),
      let pair = comparable(operands[0], operands[1], "=", range)
    else { return nil }
    let first = operands[0].typed
    if !operands[0].isUnknown, pair.0.type.base != first.type.base, keepsLeft(operands) {
      // `integer = bigint` is an operator of its own in Postgres: the result stays an integer.
      let equal = make(.call(.equal, [pair.0, pair.1]), .boolean, range)
      let null = TypedExpression(.literal(.null), type: first.type, range: range)
      let branch = TypedExpression.Branch(condition: equal, result: null)
      return Operand(typed: make(.conditional([branch], otherwise: first), first.type, range))
    }
    return Operand(typed: make(.nullIf(pair.0, pair.1), pair.0.type, range))
  }

  /// True where Postgres compares these two without converting the left one.
  private func keepsLeft(_ operands: [Operand]) -> Bool {
    let outcome = OverloadResolution.resolve(
      OperatorCatalogue.overloads("="), operands.map(\.resolutionType), isOperator: true)
    guard case .found(let overload) = outcome else { return false }
    return overload.operands[0] == operands[0].typed.type.base
  }

  /// `concat` prints each operand by its type's output function; casts to text differ for two types.
  private mutating func concat(_ arguments: [Syntax], _ range: Range<Int>) -> Operand? {
    guard !arguments.isEmpty, let operands = checkAll(arguments) else {
      if arguments.isEmpty { report("type_mismatch", "`concat` needs an operand", range) }
      return nil
    }
    var typed: [TypedExpression] = []
    for operand in operands {
      let type = operand.typed.type
      if TypeRules.isOpaque(type) {
        _ = requireComparable(operand, "joined to a text")
        return nil
      }
      if type.isChar {
        report(
          "unsupported", "`concat` of \(article(type)) is not taken: its blanks would count",
          operand.typed.range,
          hint: "Cast it to text, or join with `||`")
        return nil
      }
      if type == .boolean {
        typed.append(printedBoolean(operand.typed))
      } else {
        guard let text = coerce(operand, to: .text) else { return nil }
        typed.append(text)
      }
    }
    return Operand(
      typed: make(.call(.concat, typed), .text, range),
      isNondeterministic: operands.contains { $0.isNondeterministic })
  }

  private func printedBoolean(_ operand: TypedExpression) -> TypedExpression {
    func text(_ value: String) -> TypedExpression {
      TypedExpression(.literal(.text(value)), type: .text, range: operand.range)
    }
    let isFalse = make(.not(operand), .boolean, operand.range)
    return make(
      .conditional(
        [
          TypedExpression.Branch(condition: operand, result: text("t")),
          TypedExpression.Branch(condition: isFalse, result: text("f")),
        ], otherwise: nil), .text, operand.range)
  }

  mutating func conditional(
    _ operand: Syntax?, _ branches: [Syntax.Branch], _ otherwise: Syntax?, _ range: Range<Int>
  ) -> Operand? {
    let subject: Operand?
    if let operand {
      guard var checked = check(operand) else { return nil }
      if checked.isUnknown, let text = coerce(checked, to: .text) { checked = Operand(typed: text) }
      subject = checked
    } else {
      subject = nil
    }
    var conditions: [TypedExpression?] = []
    var results: [Operand?] = []
    for branch in branches {
      if let subject {
        let value = check(branch.condition)
        conditions.append(value.flatMap { compare(.equal, subject, $0, "=", branch.condition.range) })
      } else {
        conditions.append(condition(branch.condition))
      }
      results.append(check(branch.result))
    }
    if let otherwise { results.append(check(otherwise)) }
    guard !conditions.contains(nil), !results.contains(where: { $0 == nil }) else { return nil }
    let operands = results.compactMap { $0 }
    // Postgres looks at ELSE first when it settles the type.
    let ordered = otherwise == nil ? operands : [operands[operands.count - 1]] + operands.dropLast()
    guard let (unified, common) = unified(ordered, "CASE", range) else { return nil }
    let typed = otherwise == nil ? unified : Array(unified.dropFirst()) + [unified[0]]
    // The NULL of a missing ELSE has no modifier.
    let type = otherwise == nil ? common.base : common
    let made = zip(conditions.compactMap { $0 }, typed).map {
      TypedExpression.Branch(condition: $0, result: $1)
    }
    return Operand(
      typed: make(
        .conditional(made, otherwise: otherwise == nil ? nil : typed[typed.count - 1]), type, range),
      isNondeterministic: operands.contains { $0.isNondeterministic })
  }
}
