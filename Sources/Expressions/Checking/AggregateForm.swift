internal import Model

extension Syntax.Call {
  /// Why no aggregate can be called like this, whatever the types of its operands, and where that shows.
  func misuse(of function: AggregateFunction, at range: Range<Int>) -> (fault: Fault, range: Range<Int>)? {
    if let fault = misusedWords(function) ?? misusedOperands(function) { return (fault, range) }
    guard let operand = function.fraction(in: arguments), case .number(let text) = operand.node,
      let number = Double(text), !(0...1).contains(number)
    else { return nil }
    return (.badFraction, operand.range)
  }

  /// Whether `*`, DISTINCT, ORDER BY and WITHIN GROUP stand where they may.
  private func misusedWords(_ function: AggregateFunction) -> Fault? {
    func misfit(_ code: String, _ sentence: String, _ hint: String? = nil) -> Fault {
      Fault(code, .validation, sentence, hint: hint)
    }
    if isStar, function != .count {
      return misfit("type_mismatch", "Only `count` takes `*`", "Name the column: `\(name)(x)`")
    }
    let needsWithin = [.percentileCont, .percentileDisc, .mode].contains(function)
    if needsWithin, withinGroup == nil {
      return misfit("type_mismatch", "`\(name)` needs WITHIN GROUP", "Write `\(function.form(name))`")
    }
    if !needsWithin, withinGroup != nil {
      return misfit("type_mismatch", "`\(name)` takes no WITHIN GROUP", "Write `\(name)(x ORDER BY y)`")
    }
    if isDistinct,
      [
        .percentileCont, .percentileDisc, .mode, .topK, .first, .last, .approxCountDistinct,
        .approxPercentile,
      ]
      .contains(function)
    {
      return misfit("unsupported", "`\(name)` takes no DISTINCT", "Leave it out")
    }
    if function == .first || function == .last, order.isEmpty {
      return misfit(
        "type_mismatch", "`\(name)` needs an order: \(name) of what?", "Write `\(name)(x ORDER BY y)`")
    }
    return nil
  }

  private func misusedOperands(_ function: AggregateFunction) -> Fault? {
    if isStar || arguments.count == function.operandCount { return nil }
    var hint = "Write `\(function.form(name))`"
    if function == .count, arguments.isEmpty { hint = "Write `count(*)`" }
    if function == .count, isDistinct {
      hint = "Make one column of them under `derive`, and write `count(DISTINCT both)`"
    }
    let given = arguments.count == 1 ? "is 1 operand" : "are \(arguments.count) operands"
    return Fault(
      "type_mismatch", .validation, "`\(function.form(name))` is how it is called; here \(given)", hint: hint)
  }
}

extension AggregateFunction {
  fileprivate var operandCount: Int {
    switch self {
    case .mode: 0
    case .stringAgg, .approxPercentile, .topK: 2
    default: 1
    }
  }

  /// A call of the function under one of its names, as people write it.
  fileprivate func form(_ name: String) -> String {
    switch self {
    case .first, .last, .arrayAgg: "\(name)(x ORDER BY y)"
    case .stringAgg: "string_agg(x, ', ')"
    case .approxPercentile: "approx_percentile(x, 0.95)"
    case .topK: "top_k(x, 10)"
    case .percentileCont, .percentileDisc: "\(name)(0.5) WITHIN GROUP (ORDER BY x)"
    case .mode: "mode() WITHIN GROUP (ORDER BY x)"
    default: "\(name)(x)"
    }
  }

  /// The operand that says which percentile.
  fileprivate func fraction(in arguments: [Syntax]) -> Syntax? {
    switch self {
    case .percentileCont, .percentileDisc: arguments.first
    case .approxPercentile: arguments.last
    default: nil
    }
  }
}

extension Fault {
  /// Of the operand that says which percentile.
  static let badFraction = Fault(
    "type_mismatch", .validation, "The fraction is not a constant from 0 to 1", hint: "Write `0.95`")
}
