internal import Model

/// What measures, `having` and `expect` are checked against: the group keys, and the aggregate
/// calls collected so far.
///
/// Columns of the group row are numbered as `TypedAggregate` says: keys, then calls, then groupings.
/// While calls are still being collected, groupings count from `groupingBase`.
struct GroupState {
  var keys: [TypedAggregate.NamedTyped]
  /// Each key as written, to find it again inside a measure.
  var keySyntax: [Syntax]
  /// Text keys under a nondeterministic collation cannot be.
  var calls: [AggregateCall] = []
  var groupings: [[Int]] = []
  /// Measures already typed, over the group row.
  var measures: [String: TypedExpression] = [:]

  static let groupingBase = 1 << 32

  mutating func number(of call: AggregateCall) -> Int {
    if let found = calls.firstIndex(of: call) { return keys.count + found }
    calls.append(call)
    return keys.count + calls.count - 1
  }

  mutating func number(ofGrouping keyNumbers: [Int]) -> Int {
    if let found = groupings.firstIndex(of: keyNumbers) { return Self.groupingBase + found }
    groupings.append(keyNumbers)
    return Self.groupingBase + groupings.count - 1
  }

  /// `expression` with its groupings where they stand once all calls are known.
  func numbered(_ expression: TypedExpression) -> TypedExpression {
    expression.mappingColumns { number in
      number < Self.groupingBase ? number : number - Self.groupingBase + keys.count + calls.count
    }
  }
}

extension Checker {
  /// A group key where `syntax` is written as one.
  func groupKey(_ syntax: Syntax) -> Operand? {
    guard let group, !isInsideAggregate else { return nil }
    switch syntax.node {
    case .string, .number, .boolean, .null, .reference, .column: return nil
    default: break
    }
    guard let number = group.keySyntax.firstIndex(of: syntax) else { return nil }
    return keyOperand(number, group, syntax.range)
  }

  private func keyOperand(_ number: Int, _ group: GroupState, _ range: Range<Int>) -> Operand {
    Operand(typed: TypedExpression(.column(number), type: group.keys[number].expression.type, range: range))
  }

  /// A name outside aggregate calls: a key, another measure, or a column that is a key itself.
  mutating func groupColumn(_ name: String, _ range: Range<Int>) -> Operand? {
    guard let group else { return nil }
    if let number = group.keys.firstIndex(where: { $0.name == name }) {
      return keyOperand(number, group, range)
    }
    if var measure = group.measures[name] {
      measure.range = range
      return Operand(typed: measure)
    }
    if let number = group.keySyntax.firstIndex(where: { $0.node == .column(name) }) {
      return keyOperand(number, group, range)
    }
    if columns.contains(where: { $0.name == name }) {
      report(Self.ungrouped(name, hasKeys: !group.keys.isEmpty), range)
      return nil
    }
    reportUnknownColumn(
      name, range, known: group.keys.map(\.name) + group.measures.keys.sorted() + columns.map(\.name))
    return nil
  }

  /// A column that has no one value in a group.
  static func ungrouped(_ name: String, hasKeys: Bool) -> Fault {
    Fault(
      "not_aggregate", .validation, "`\(name)` is neither in `group_by` nor inside an aggregate",
      hint: hasKeys
        ? "Add it to `group_by`, or write `min(\(name))`, `sum(\(name))` or the like"
        : "Write `min(\(name))`, `count(\(name))` or the like")
  }

  mutating func grouping(_ call: Syntax.Call, _ range: Range<Int>) -> Operand? {
    guard group != nil, !isInsideAggregate else {
      report("not_aggregate", "`grouping` stands only in measures and `having`", range)
      return nil
    }
    var numbers: [Int] = []
    for argument in call.arguments {
      let number =
        group?.keys.firstIndex { argument.node == .column($0.name) }
        ?? group?.keySyntax.firstIndex(of: argument)
      guard let number else {
        report(
          "type_mismatch", "`grouping` takes the keys of `group_by`", argument.range,
          hint: "There are: \((group?.keys ?? []).map(\.name).joined(separator: ", "))")
        return nil
      }
      numbers.append(number)
    }
    guard (1...31).contains(numbers.count), let column = group?.number(ofGrouping: numbers) else {
      report("type_mismatch", "`grouping` takes 1 to 31 keys, here are \(numbers.count)", range)
      return nil
    }
    return Operand(typed: TypedExpression(.column(column), type: .integer, range: range))
  }
}
