internal import Model

extension Checker {
  /// Collects an aggregate call; what stands for it is a column of the group row.
  mutating func aggregate(_ function: AggregateFunction, _ call: Syntax.Call, _ range: Range<Int>) -> Operand?
  {
    if let fault = AggregateCatalogue.misplaced(
      call.name, isAllowed: group != nil, isInside: isInsideAggregate)
    {
      report(fault, range)
      return nil
    }
    isInsideAggregate = true
    let collected = collect(function, call, range)
    isInsideAggregate = false
    guard let collected, let number = group?.number(of: collected) else { return nil }
    return Operand(typed: TypedExpression(.column(number), type: collected.type, range: range))
  }

  private mutating func collect(
    _ function: AggregateFunction, _ call: Syntax.Call, _ range: Range<Int>
  ) -> AggregateCall? {
    let arguments = checkAll(call.arguments)
    let order = ordering(call.withinGroup ?? call.order)
    var filter: TypedExpression?
    if let condition = call.filter {
      guard let typed = self.condition(condition) else { return nil }
      filter = typed.literal == .boolean(true) ? nil : typed
    }
    guard let arguments, let order else { return nil }
    if let misuse = call.misuse(of: function, at: range) {
      report(misuse.fault, misuse.range)
      return nil
    }
    for operand in order where TypeRules.isOpaque(operand.expression.type) { return nil }
    guard var made = typed(function, call, arguments, order, range) else { return nil }
    made.filter = filter
    return made
  }

  private mutating func ordering(_ list: [Syntax.Ordering]) -> [AggregateCall.Ordering]? {
    var typed: [AggregateCall.Ordering] = []
    for item in list {
      guard let operand = check(item.expression), requireComparable(operand, "ordered by", ordered: true)
      else {
        return nil
      }
      typed.append(
        AggregateCall.Ordering(
          expression: operand.typed, isDescending: item.isDescending, nullsFirst: item.nullsFirst))
    }
    return typed
  }

  private mutating func typed(
    _ function: AggregateFunction, _ call: Syntax.Call, _ arguments: [Operand],
    _ order: [AggregateCall.Ordering], _ range: Range<Int>
  ) -> AggregateCall? {
    switch function {
    case .count:
      if call.isStar { return AggregateCall(function: .count, arguments: [], type: .bigint) }
      if call.isDistinct, !requireComparable(arguments[0], "counted by DISTINCT") { return nil }
      return AggregateCall(
        function: .count, arguments: [arguments[0].typed], isDistinct: call.isDistinct, type: .bigint)
    case .sum, .avg, .min, .max, .stddevPop, .stddevSamp, .varPop, .varSamp, .boolAnd, .boolOr:
      return simple(function, call, arguments[0], range)
    case .first, .last:
      guard requireComparable(arguments[0], "the tie-breaker of an order", ordered: true) else { return nil }
      let typed = arguments[0].typed
      return AggregateCall(function: function, arguments: [typed], order: order, type: typed.type)
    case .stringAgg: return stringAggregate(call, arguments, order, range)
    case .arrayAgg:
      guard let type = arrayType(arguments[0], range),
        checkDistinctOrder(call, [arguments[0].typed], order, range)
      else { return nil }
      return AggregateCall(
        function: .arrayAgg, arguments: [arguments[0].typed], isDistinct: call.isDistinct, order: order,
        type: type)
    case .approxCountDistinct:
      guard requireComparable(arguments[0], "counted") else { return nil }
      return AggregateCall(function: function, arguments: [arguments[0].typed], type: .bigint)
    case .approxPercentile:
      guard let typed = number(arguments[0], call.name), let fraction = fraction(arguments[1]) else {
        return nil
      }
      return AggregateCall(
        function: function,
        arguments: [make(.cast(typed), .double, typed.range)].map { typed.type == .double ? typed : $0 },
        constants: [fraction], type: .double)
    case .percentileCont, .percentileDisc:
      guard let fraction = fraction(arguments[0]) else { return nil }
      return percentile(function, fraction, order, range)
    case .mode:
      guard let only = single(order, range) else { return nil }
      return AggregateCall(
        function: .mode, arguments: [only.expression], order: [only], type: only.expression.type)
    case .topK:
      guard requireComparable(arguments[0], "the tie-breaker of an order", ordered: true),
        let type = arrayType(arguments[0], range)
      else { return nil }
      guard case .integer(let limit) = arguments[1].typed.literal, (1...1000).contains(limit) else {
        report(
          "type_mismatch", "`top_k` takes a whole number from 1 to 1000", arguments[1].typed.range,
          hint: "Write it as a digit or digits: `top_k(x, 10)`")
        return nil
      }
      return AggregateCall(
        function: .topK, arguments: [arguments[0].typed], constants: [.integer(limit)], type: type)
    }
  }

  /// Aggregates of one operand, typed by an overload.
  private mutating func simple(
    _ function: AggregateFunction, _ call: Syntax.Call, _ operand: Operand, _ range: Range<Int>
  ) -> AggregateCall? {
    let isOrdered = function == .min || function == .max
    if isOrdered || call.isDistinct, !requireComparable(operand, "ordered", ordered: isOrdered) { return nil }
    let overloads = AggregateOverloads.of(function)
    guard
      case .found(let overload) = OverloadResolution.resolve(
        overloads, [operand.resolutionType], isOperator: false),
      !operand.isUnknown || overload.operands[0] == .text
    else {
      report(
        "type_mismatch", "There is no `\(call.name)` of \(article(operand.typed.type))", operand.typed.range,
        hint: "It takes \(overloads.map { $0.operands[0].shownName }.joined(separator: ", "))")
      return nil
    }
    guard let typed = coerce(operand, to: overload.operands[0]) else { return nil }
    // DISTINCT changes nothing about an extreme.
    let isDistinct = call.isDistinct && ![.min, .max, .boolAnd, .boolOr].contains(function)
    return AggregateCall(
      function: function, arguments: [typed], isDistinct: isDistinct, type: overload.result)
  }

  private mutating func number(_ operand: Operand, _ name: String) -> TypedExpression? {
    if !operand.isUnknown, operand.typed.type.isNumber { return operand.typed }
    report(
      "type_mismatch", "`\(name)` takes a number, this is \(article(operand.typed.type))", operand.typed.range
    )
    return nil
  }

  private mutating func fraction(_ operand: Operand) -> Value? {
    if let typed = coerce(operand, to: .double), case .double(let value) = typed.literal, value >= 0,
      value <= 1
    {
      return .double(value)
    }
    report(.badFraction, operand.typed.range)
    return nil
  }

  private mutating func single(_ order: [AggregateCall.Ordering], _ range: Range<Int>) -> AggregateCall
    .Ordering?
  {
    if order.count == 1 { return order[0] }
    report("type_mismatch", "WITHIN GROUP takes one ORDER BY expression here", range)
    return nil
  }

  private mutating func percentile(
    _ function: AggregateFunction, _ fraction: Value, _ order: [AggregateCall.Ordering], _ range: Range<Int>
  ) -> AggregateCall? {
    guard var only = single(order, range) else { return nil }
    if function == .percentileCont, only.expression.type != .interval {
      guard let typed = number(Operand(typed: only.expression), "percentile_cont"),
        let double = coerce(Operand(typed: typed), to: .double)
      else { return nil }
      only.expression = double
    }
    return AggregateCall(
      function: function, arguments: [only.expression], order: [only], constants: [fraction],
      type: only.expression.type)
  }

  private mutating func stringAggregate(
    _ call: Syntax.Call, _ arguments: [Operand], _ order: [AggregateCall.Ordering], _ range: Range<Int>
  ) -> AggregateCall? {
    guard arguments[0].isUnknown || arguments[0].typed.type.isText else {
      report(
        "type_mismatch", "`string_agg` takes text, this is \(article(arguments[0].typed.type))",
        arguments[0].typed.range, hint: "Cast it: `x::text`")
      return nil
    }
    guard requireComparable(arguments[0], "the tie-breaker of an order"),
      let typed = coerce(arguments[0], to: .text), let separator = coerce(arguments[1], to: .text)
    else { return nil }
    guard let constant = separator.literal else {
      report(
        "unsupported", "The separator of `string_agg` is not a literal or a reference", separator.range,
        hint: "Write one like `string_agg(x, ', ')`, or let Postgres aggregate, in `source.query`")
      return nil
    }
    guard checkDistinctOrder(call, [typed, arguments[0].typed], order, range) else { return nil }
    return AggregateCall(
      function: .stringAgg, arguments: [typed], isDistinct: call.isDistinct, order: order,
      constants: [constant], type: .text)
  }

  /// As in Postgres: under DISTINCT only the aggregated values themselves may be ordered by, as they are
  /// written or as they are aggregated.
  private mutating func checkDistinctOrder(
    _ call: Syntax.Call, _ operands: [TypedExpression], _ order: [AggregateCall.Ordering],
    _ range: Range<Int>
  ) -> Bool {
    if !call.isDistinct || order.isEmpty { return true }
    if order.count == 1, operands.contains(order[0].expression) { return true }
    report(
      "unsupported", "With DISTINCT, `\(call.name)` can be ordered only by the value itself", range,
      hint: "Leave ORDER BY out, or order by the same expression")
    return false
  }

  private mutating func arrayType(_ operand: Operand, _ range: Range<Int>) -> SQLType? {
    guard requireComparable(operand, "ordered", ordered: true) else { return nil }
    guard let oid = AggregateOverloads.arrayOID(operand.typed.type.base) else {
      report("unsupported", "An array of \(operand.typed.type.sqlName) is not taken", range)
      return nil
    }
    return .opaque(oid: oid, name: operand.typed.type.base.sqlName + "[]")
  }
}
