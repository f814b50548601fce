internal import Model

/// Picks the overload that Postgres would pick (`func_select_candidate` in `parse_func.c`).
enum OverloadResolution {
  enum Outcome {
    case found(Overload)
    case none
    case ambiguous
  }

  /// - Parameters:
  ///   - arguments: base types; `nil` is an untyped literal.
  ///   - isOperator: operators try first what it would be if the untyped side had the other's type.
  static func resolve(_ all: [Overload], _ arguments: [SQLType?], isOperator: Bool) -> Outcome {
    let fitting = all.filter { $0.operands.count == arguments.count }
    var exact = arguments
    if isOperator, arguments.count == 2 {
      exact[0] = arguments[0] ?? arguments[1]
      exact[1] = arguments[1] ?? arguments[0]
    }
    if let found = fitting.first(where: { overload in
      zip(overload.operands, exact).allSatisfy { $0 == $1 }
    }) {
      return .found(found)
    }
    var candidates = fitting.filter { overload in
      zip(overload.operands, arguments).allSatisfy { wanted, given in
        given.map { TypeRules.isImplicit($0, to: wanted) } ?? true
      }
    }
    if candidates.count <= 1 { return candidates.first.map(Outcome.found) ?? .none }

    candidates = best(candidates, arguments) { wanted, given in given == wanted }
    if candidates.count == 1 { return .found(candidates[0]) }

    candidates = best(candidates, arguments) { wanted, given in
      given == wanted
        || TypeRules.isPreferred(wanted) && TypeRules.category(wanted) == TypeRules.category(given)
    }
    if candidates.count == 1 { return .found(candidates[0]) }

    guard arguments.contains(where: { $0 == nil }) else { return .ambiguous }
    if let narrowed = byUnknownCategories(candidates, arguments) {
      candidates = narrowed
      if candidates.count == 1 { return .found(candidates[0]) }
    }
    return byKnownType(candidates, arguments)
  }

  /// Those with the most known arguments for which `counts` holds.
  private static func best(
    _ candidates: [Overload], _ arguments: [SQLType?], _ counts: (SQLType, SQLType) -> Bool
  ) -> [Overload] {
    let scores = candidates.map { overload in
      zip(overload.operands, arguments).reduce(0) { score, pair in
        guard let given = pair.1 else { return score }
        return score + (counts(pair.0, given) ? 1 : 0)
      }
    }
    let top = scores.max() ?? 0
    return zip(candidates, scores).filter { $0.1 == top }.map(\.0)
  }

  /// Settles a category for every untyped argument: string if any candidate takes one, else
  /// the one that all share; then prefers the preferred type of it.
  private static func byUnknownCategories(
    _ candidates: [Overload], _ arguments: [SQLType?]
  ) -> [Overload]? {
    var wanted: [Int: (category: TypeRules.Category, needsPreferred: Bool)] = [:]
    for index in arguments.indices where arguments[index] == nil {
      let types = candidates.map { $0.operands[index] }
      let categories = types.map(TypeRules.category)
      let chosen: TypeRules.Category
      if categories.contains(.string) {
        chosen = .string
      } else if categories.allSatisfy({ $0 == categories[0] }) {
        chosen = categories[0]
      } else {
        return nil
      }
      let isPreferred = types.contains { TypeRules.category($0) == chosen && TypeRules.isPreferred($0) }
      wanted[index] = (chosen, isPreferred)
    }
    let kept = candidates.filter { overload in
      wanted.allSatisfy { index, want in
        TypeRules.category(overload.operands[index]) == want.category
          && (!want.needsPreferred || TypeRules.isPreferred(overload.operands[index]))
      }
    }
    return kept.isEmpty ? nil : kept
  }

  /// Last resort: where all known arguments share one type, the untyped ones are taken to.
  private static func byKnownType(_ candidates: [Overload], _ arguments: [SQLType?]) -> Outcome {
    let known = Set(arguments.compactMap { $0 })
    guard known.count == 1, let type = known.first else { return .ambiguous }
    let fitting = candidates.filter { overload in
      overload.operands.allSatisfy { TypeRules.isImplicit(type, to: $0) }
    }
    return fitting.count == 1 ? .found(fitting[0]) : .ambiguous
  }
}
