package import Model

/// Orders named expressions so that each stands behind the ones it uses.
package enum DependencyOrder {
  /// An entry that names itself means the column it replaces, not itself.
  /// - Throws: `Faults` with a `cycle` fault that names the entries in a circle, or `duplicate_column`, or
  ///   those of parsing.
  package static func sort(_ entries: [Step.NamedExpression]) throws(Faults) -> [Step.NamedExpression] {
    var faults: [Fault] = []
    var uses: [Set<String>] = []
    var names: Set<String> = []
    for entry in entries {
      if !names.insert(entry.name).inserted {
        faults.append(
          Fault(
            "duplicate_column", .validation, "`\(entry.name)` is made twice", place: entry.expression.place))
      }
      do {
        uses.append(try ExpressionParser.parse(entry.expression).columnNames().subtracting([entry.name]))
      } catch {
        faults.append(error)
        uses.append([])
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    let order = try sorted(entries.map(\.name), uses) { entries[$0].expression.place }
    return order.map { entries[$0] }
  }

  /// Numbers of measures, each behind those it uses. A key's name means the key, also where a measure has it.
  /// - Throws: as for entries of `derive`.
  package static func order(
    _ measures: [Aggregate.Measure], besideKeys keys: Set<String>
  ) throws(Faults) -> [Int] {
    var faults: [Fault] = []
    var uses: [Set<String>] = []
    for measure in measures {
      do {
        let names = try ExpressionParser.parse(measure.value).columnNames(insideAggregates: false)
        uses.append(names.subtracting(keys))
      } catch {
        faults.append(error)
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return try sorted(measures.map(\.name), uses) { measures[$0].value.place }
  }

  /// Numbers of `names` in an order in which each stands behind those it uses; otherwise as given.
  private static func sorted(
    _ names: [String], _ uses: [Set<String>], place: (Int) -> Place
  ) throws(Faults) -> [Int] {
    let numbers = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let needed = uses.map { $0.compactMap { numbers[$0] }.sorted() }
    var done = Set<Int>()
    var order: [Int] = []
    while order.count < names.count {
      let ready = names.indices.first { !done.contains($0) && needed[$0].allSatisfy(done.contains) }
      guard let ready else {
        let circle = circle(needed, done)
        let shown = (circle + circle.prefix(1)).map { "`\(names[$0])`" }.joined(separator: " → ")
        throw Faults([
          Fault(
            "cycle", .validation, "These use each other in a circle: \(shown)", place: place(circle[0]),
            hint: "Split them over two steps, or write one of them out")
        ])
      }
      done.insert(ready)
      order.append(ready)
    }
    return order
  }

  /// Follows unmet needs until one is met again.
  private static func circle(_ needed: [[Int]], _ done: Set<Int>) -> [Int] {
    var path: [Int] = []
    var current = needed.indices.first { !done.contains($0) } ?? 0
    while !path.contains(current) {
      path.append(current)
      current = needed[current].first { !done.contains($0) } ?? current
    }
    return Array(path[(path.firstIndex(of: current) ?? 0)...])
  }
}
