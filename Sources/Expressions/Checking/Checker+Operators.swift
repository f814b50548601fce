internal import Model

extension Checker {
  mutating func unary(_ name: String, _ syntax: Syntax, _ range: Range<Int>) -> Operand? {
    guard let operand = check(syntax) else { return nil }
    let overloads = OperatorCatalogue.negations.filter { name == "-" || $0.result != .interval }
    if case .found(let overload) = OverloadResolution.resolve(
      overloads, [operand.resolutionType], isOperator: true)
    {
      guard let typed = coerce(operand, to: overload.computed[0]) else { return nil }
      if name == "-" { return Operand(typed: make(.call(.negate, [typed]), overload.result, range)) }
      return Operand(
        typed: typed.type == overload.result ? typed : make(.cast(typed), overload.result, range))
    }
    report(
      "type_mismatch", "There is no `\(name)` for \(article(operand.typed.type))", range,
      hint: operand.isUnknown ? "Give the literal a type: `'1'::numeric`" : nil)
    return nil
  }

  mutating func binary(_ name: String, _ left: Syntax, _ right: Syntax, _ range: Range<Int>) -> Operand? {
    guard let operands = checkAll([left, right]) else { return nil }
    if name == "||" { return concatenation(operands[0], operands[1], range) }
    if let comparison = OperatorCatalogue.comparisons[name] {
      guard let typed = compare(comparison, operands[0], operands[1], name, range) else { return nil }
      return Operand(typed: typed)
    }
    guard let overload = resolveOperator(name, operands, range) else { return nil }
    return apply(overload, operands, range).map { Operand(typed: $0) }
  }

  mutating func apply(_ overload: Overload, _ operands: [Operand], _ range: Range<Int>) -> TypedExpression? {
    let typed = zip(operands, overload.computed).map { coerce($0, to: $1) }
    if typed.contains(nil) { return nil }
    return make(.call(overload.function, typed.compactMap { $0 }), overload.result, range)
  }

  private mutating func resolveOperator(_ name: String, _ operands: [Operand], _ range: Range<Int>)
    -> Overload?
  {
    let types = operands.map(\.resolutionType)
    switch OverloadResolution.resolve(OperatorCatalogue.overloads(name), types, isOperator: true) {
    case .found(let overload): return overload
    case .ambiguous:
      report(
        "ambiguous_call",
        "`\(shown(operands[0])) \(name) \(shown(operands[1]))` could mean several operators",
        range, hint: "Give the literal a type: `interval '1 day'`, `'1'::integer`")
    case .none:
      report(
        "type_mismatch", "There is no operator `\(shown(operands[0])) \(name) \(shown(operands[1]))`", range,
        hint: mismatchHint(name, operands))
    }
    return nil
  }

  func shown(_ operand: Operand) -> String {
    operand.isUnknown ? "untyped" : operand.typed.type.base.shownName
  }

  private func mismatchHint(_ name: String, _ operands: [Operand]) -> String? {
    let categories = operands.map { TypeRules.category($0.typed.type) }
    if operands.contains(where: { TypeRules.isOpaque($0.typed.type) }) {
      return "Take out of it what you need, under `source.add_columns`"
    }
    if name == "+", categories.allSatisfy({ $0 == .string }) { return "Join texts with `||`" }
    if categories.contains(.string), categories.contains(.number) { return "Cast the text: `x::numeric`" }
    if categories.contains(.string), categories.contains(.moment) { return "Cast the text: `x::date`" }
    if categories.contains(.number), categories.contains(.moment) {
      if ["<", ">", "=", "<=", ">=", "<>"].contains(name) { return "A date is written `date '2026-01-31'`" }
      return "Days are added to a date as an integer; other amounts are intervals: `interval '1 hour'`"
    }
    if operands.contains(where: { !$0.isUnknown }) { return "Cast one side to the other's type" }
    return nil
  }

  /// Any comparison: both sides brought to one type.
  mutating func compare(
    _ function: Function, _ left: Operand, _ right: Operand, _ name: String, _ range: Range<Int>
  ) -> TypedExpression? {
    let isOrdered = function != .equal && function != .notEqual
    guard requireComparable(left, "compared", ordered: isOrdered),
      requireComparable(right, "compared", ordered: isOrdered),
      let pair = comparable(left, right, name, range)
    else { return nil }
    return make(.call(function, [pair.0, pair.1]), .boolean, range)
  }

  /// Both sides as the type that `name` compares them by.
  mutating func comparable(
    _ left: Operand, _ right: Operand, _ name: String, _ range: Range<Int>
  ) -> (TypedExpression, TypedExpression)? {
    if let type = enumeration(left, right) {
      guard let one = coerce(left, to: type), let other = coerce(right, to: type) else { return nil }
      return (one, other)
    }
    guard let overload = resolveOperator(name, [left, right], range),
      let one = coerce(left, to: overload.computed[0]), let other = coerce(right, to: overload.computed[1])
    else { return nil }
    return (one, other)
  }

  /// The enum that both sides are of; an untyped literal is taken as a label.
  private func enumeration(_ left: Operand, _ right: Operand) -> SQLType? {
    for (one, other) in [(left, right), (right, left)] {
      if case .enumeration = one.typed.type, other.isUnknown || other.typed.type == one.typed.type {
        return one.typed.type
      }
    }
    return nil
  }

  mutating func isDistinct(
    _ left: Syntax, _ right: Syntax, _ negated: Bool, _ range: Range<Int>
  ) -> Operand? {
    guard let operands = checkAll([left, right]),
      requireComparable(operands[0], "compared"), requireComparable(operands[1], "compared"),
      let pair = comparable(operands[0], operands[1], "=", range)
    else { return nil }
    return Operand(typed: make(.isDistinct(pair.0, pair.1, negated: negated), .boolean, range))
  }

  mutating func between(
    _ operand: Syntax, _ low: Syntax, _ high: Syntax, _ symmetric: Bool, _ negated: Bool, _ range: Range<Int>
  ) -> Operand? {
    guard let operands = checkAll([operand, low, high]) else { return nil }
    func within(_ checker: inout Checker, _ low: Operand, _ high: Operand) -> TypedExpression? {
      guard let above = checker.compare(.greaterOrEqual, operands[0], low, ">=", range),
        let below = checker.compare(.lessOrEqual, operands[0], high, "<=", range)
      else { return nil }
      return checker.make(.and([above, below]), .boolean, range)
    }
    guard var typed = within(&self, operands[1], operands[2]) else { return nil }
    if symmetric {
      guard let swapped = within(&self, operands[2], operands[1]) else { return nil }
      typed = make(.or([typed, swapped]), .boolean, range)
    }
    return Operand(typed: negated ? make(.not(typed), .boolean, range) : typed)
  }

  mutating func inList(
    _ operand: Syntax, _ items: [Syntax], _ negated: Bool, _ range: Range<Int>
  ) -> Operand? {
    guard let all = checkAll([operand] + items) else { return nil }
    let left = all[0]
    for operand in all where !requireComparable(operand, "compared") { return nil }
    // As Postgres does: the items without columns share one type with the left side.
    let isConstant = ([operand] + items).map { $0.columnNames().isEmpty }
    let shared = TypeRules.common(
      [left.resolutionType] + zip(all, isConstant).dropFirst().filter(\.1).map(\.0.resolutionType))
    let usesShared = isConstant.dropFirst().count(where: { $0 }) > 1
    var pairs: [(TypedExpression, TypedExpression)] = []
    for (item, isConstant) in zip(all, isConstant).dropFirst() {
      var item = item
      if isConstant, usesShared, let shared, enumeration(left, item) == nil {
        guard let typed = coerce(item, to: shared) else { return nil }
        item = Operand(typed: typed)
      }
      guard let pair = comparable(left, item, "=", range) else { return nil }
      pairs.append(pair)
    }
    // Then each of the others is compared by `=`, which does not look at the left side beside a NULL.
    if !usesShared, pairs.allSatisfy({ $0.1.literal?.isNull ?? false }) {
      return Operand(typed: make(.literal(.null), .boolean, range))
    }
    let first = pairs[0].0
    if pairs.allSatisfy({ $0.0 == first && $0.1.type.base == first.type.base }) {
      return Operand(typed: make(.inList(first, pairs.map(\.1), negated: negated), .boolean, range))
    }
    let equalities = pairs.map { make(.call(.equal, [$0.0, $0.1]), .boolean, range) }
    let any = make(.or(equalities), .boolean, range)
    return Operand(typed: negated ? make(.not(any), .boolean, range) : any)
  }

  private mutating func concatenation(_ left: Operand, _ right: Operand, _ range: Range<Int>) -> Operand? {
    let operands = [left, right]
    for operand in operands where TypeRules.isOpaque(operand.typed.type) {
      _ = requireComparable(operand, "joined to a text")
      return nil
    }
    guard operands.contains(where: { $0.isUnknown || $0.typed.type.isText }) else {
      report(
        "type_mismatch",
        "`||` joins texts; this is \(article(left.typed.type)) and \(article(right.typed.type))",
        range, hint: "Cast one side to text: `x::text`")
      return nil
    }
    guard let one = coerce(left, to: .text), let other = coerce(right, to: .text) else { return nil }
    return Operand(
      typed: make(.call(.concatenate, [one, other]), .text, range),
      isNondeterministic: left.isNondeterministic || right.isNondeterministic)
  }

  mutating func like(
    _ operand: Syntax, _ pattern: Syntax, _ escape: Syntax?, _ ignoresCase: Bool, _ negated: Bool,
    _ range: Range<Int>
  ) -> Operand? {
    guard let checked = checkAll([operand, pattern]) else { return nil }
    let left = checked[0]
    guard requireComparable(left, "matched"), requireComparable(checked[1], "matched") else { return nil }
    guard left.isUnknown || left.typed.type.isText, checked[1].isUnknown || checked[1].typed.type.isText
    else {
      let wrong = left.isUnknown || left.typed.type.isText ? checked[1] : left
      report(
        "type_mismatch", "LIKE takes text, this is \(article(wrong.typed.type))", wrong.typed.range,
        hint: "Cast it: `x::text`")
      return nil
    }
    let subjectType: SQLType = left.typed.type.isChar && !left.isUnknown ? .char(nil) : .text
    guard let subject = coerce(left, to: subjectType), var typedPattern = coerce(checked[1], to: .text) else {
      return nil
    }
    if let escape {
      guard let escaped = escapedPattern(typedPattern, escape, range) else { return nil }
      typedPattern = escaped
    }
    let function: Function = ignoresCase ? (negated ? .notIlike : .ilike) : (negated ? .notLike : .like)
    return Operand(typed: make(.call(function, [subject, typedPattern]), .boolean, range))
  }

  /// The pattern with a backslash as its escape, as `like_escape` makes it.
  private mutating func escapedPattern(
    _ pattern: TypedExpression, _ escape: Syntax, _ range: Range<Int>
  ) -> TypedExpression? {
    guard case .string(let character) = escape.node, case .text(let text) = pattern.literal else {
      report(
        "unsupported", "ESCAPE is taken only with a literal pattern and a literal character", escape.range,
        hint: "Escape with a backslash, which needs no ESCAPE")
      return nil
    }
    let scalars = Array(character.unicodeScalars)
    guard scalars.count <= 1 else {
      report("bad_literal", "ESCAPE takes one character or none", escape.range)
      return nil
    }
    var out = String.UnicodeScalarView()
    var isAfterEscape = false
    for scalar in text.unicodeScalars {
      if let mark = scalars.first, scalar == mark, !isAfterEscape {
        if mark != "\\" { out.append("\\") } else { out.append(scalar) }
        isAfterEscape = true
        continue
      }
      if scalar == "\\", scalars.first != "\\" {
        // A backslash that is no escape is doubled, unless the escape stands in front of it.
        if !isAfterEscape { out.append("\\") }
      }
      out.append(scalar)
      isAfterEscape = false
    }
    return TypedExpression(.literal(.text(String(out))), type: .text, range: pattern.range)
  }
}
