package import Model

extension Syntax {
  /// Faults that show before any column's type is known: functions that do not exist, calls with more or fewer
  /// operands than any form takes, fields of no time, aggregates where none can stand or as none is called.
  ///
  /// - Parameter aggregates: whether aggregates may stand in this expression.
  package func callFaults(in source: SourceText, aggregates: Bool) -> [Fault] {
    var found: [Fault] = []
    note(source, aggregates ? .allowed : .refused, &found)
    return found
  }

  /// A fault for each name that is none of `known`, where all columns are known.
  package func columnFaults(in source: SourceText, known: [String]) -> [Fault] {
    guard case .column(let name) = node else {
      return node.children.flatMap { $0.columnFaults(in: source, known: known) }
    }
    if known.contains(name) { return [] }
    return [
      Checker.unknownColumn(name, known: known, in: source, at: range).at(
        source.place(atUTF8Offset: range.lowerBound))
    ]
  }

  /// What an aggregate is at a place.
  private enum Standing { case allowed, inside, refused }

  private func note(_ source: SourceText, _ standing: Standing, _ found: inout [Fault]) {
    var below = standing
    if case .call(let call) = node {
      if AggregateCatalogue.isAggregate(call.name) {
        if let fault = AggregateCatalogue.misplaced(
          call.name, isAllowed: standing != .refused, isInside: standing == .inside)
        {
          found.append(fault.at(source.place(atUTF8Offset: range.lowerBound)))
        } else if let function = AggregateCatalogue.function(call.name),
          let misuse = call.misuse(of: function, at: range)
        {
          found.append(misuse.fault.at(source.place(atUTF8Offset: misuse.range.lowerBound)))
        }
        below = standing == .refused ? .refused : .inside
      } else if let fault = call.scalarFault {
        found.append(fault.at(source.place(atUTF8Offset: range.lowerBound)))
      }
    }
    for child in node.children { child.note(source, below, &found) }
  }
}

extension Syntax.Call {
  /// Why no scalar function can be called like this.
  fileprivate var scalarFault: Fault? {
    guard let entry = FunctionCatalogue.entry(name) else {
      let isCast = TypeNames.simple[name] != nil && arguments.count == 1
      return isCast || FunctionCatalogue.names.contains(name) ? nil : FunctionCatalogue.unknown(name)
    }
    let isPlain = !isStar && !isDistinct && order.isEmpty && withinGroup == nil && filter == nil
    if isPlain, !entry.overloads.contains(where: { $0.operands.count == arguments.count }) {
      return Fault(
        "type_mismatch", .validation,
        "`\(name)` is not called with \(arguments.count) \(arguments.count == 1 ? "operand" : "operands")",
        hint: entry.signaturesHint)
    }
    if let function = entry.overloads.first?.function, case .string(let field)? = arguments.first?.node,
      let fault = TimeField.fault(field, in: function)
    {
      return Fault("bad_field", .validation, fault.sentence, hint: fault.hint)
    }
    return nil
  }
}
