import Seeds

/// Makes pipelines: steps of every kind in any order and number, over the columns of `sample` and those that earlier steps made.
struct PipelineGenerator {
  private var expressions: ExpressionGenerator
  /// The columns at this point, in their order, with what they may be used for.
  private var columns: [(name: String, kinds: [String])]
  private var made = 0

  init(_ numbers: SeededNumbers) {
    expressions = ExpressionGenerator(numbers)
    columns = [("id", ["integer"])] + SampleColumns.columns.map { ($0.name, $0.kinds) }
    columns = columns.map { $0.name == "js" ? ("js", ["jsonb", "carried"]) : $0 }
  }

  private var numbers: SeededNumbers {
    get { expressions.numbers }
    _modify { yield &expressions.numbers }
  }

  mutating func pipeline() -> GeneratedPipeline {
    var steps: [GeneratedStep] = []
    for number in 0..<numbers.pick([1, 1, 2, 2, 3, 3, 4, 5, 6, 8]) {
      expressions.columns = SampleColumns.names(columns)
      guard let action = action() else { continue }
      let onFail = numbers.pick([
        "quarantine", "quarantine", "quarantine", "drop", "drop", "keep", "keep", "keep", "fail",
      ])
      steps.append(GeneratedStep(name: "step-\(number)", onFail: onFail, action: action))
    }
    expressions.columns = SampleColumns.names(columns)
    if numbers.oneIn(5) {
      let shown = columns.filter { !$0.kinds.contains("carried") }.map(\.name)
      let start = numbers.below(shown.count)
      return GeneratedPipeline(
        steps: steps, keys: [], measures: [], selected: Array(shown[start...].prefix(1 + numbers.below(8))))
    }
    let keys = groupKeys()
    return GeneratedPipeline(
      steps: steps, keys: keys, measures: (0...numbers.below(4)).map { _ in measure() }, selected: [])
  }

  // MARK: Steps

  private mutating func action() -> GeneratedStep.Action? {
    switch numbers.below(18) {
    case 0, 1: return sanitize()
    case 2, 3: return parse()
    case 4, 5:
      return .validate((0...numbers.below(3)).map { .init(name: "rule-\($0)", expression: condition()) })
    case 6...8: return derive()
    case 9...11: return .filter(numbers.oneIn(2) ? portable() : condition())
    case 12, 13: return lookup()
    case 14: return pseudonymise()
    case 15: return select()
    case 16: return rename()
    default: return columns.count > 5 ? drop() : nil
    }
  }

  private mutating func named(_ kinds: [String]) -> String? {
    let fitting = columns.filter { !Set($0.kinds).isDisjoint(with: kinds) }
    return fitting.isEmpty ? nil : numbers.pick(fitting).name
  }

  /// The name of a column that does not exist yet, or now and then of one that does.
  private mutating func newName() -> String {
    if numbers.oneIn(5) { return numbers.pick(columns).name }
    made += 1
    return "x\(made)"
  }

  private mutating func put(_ name: String, _ kinds: [String]) {
    if let number = columns.firstIndex(where: { $0.name == name }) {
      columns[number].kinds = kinds
    } else {
      columns.append((name, kinds))
    }
    expressions.columns = SampleColumns.names(columns)
  }

  private mutating func sanitize() -> GeneratedStep.Action? {
    guard let column = named(["text", "varchar", "char"]) else { return nil }
    let operations = (0...numbers.below(4)).map { _ in numbers.below(SampleSanitizing.all.count) }
    put(column, ["text"])
    return .sanitize(column: column, operations: operations)
  }

  private mutating func parse() -> GeneratedStep.Action? {
    let target = numbers.below(SampleParsing.all.count)
    guard let column = named(SampleParsing.all[target].from) else { return nil }
    let into = numbers.oneIn(3) ? column : newName()
    put(into, [SampleParsing.all[target].kind])
    return .parse(column: column, target: target, into: into)
  }

  private mutating func derive() -> GeneratedStep.Action {
    var entries: [GeneratedStep.Named] = []
    for _ in 0...numbers.below(3) {
      let kind = numbers.pick(ExpressionGenerator.results)
      let expression = expressions.expression(kind, depth: 1 + numbers.below(3))
      // An entry that another one used already cannot be made anew after it.
      var name = newName()
      while columns.contains(where: { $0.name == name }) { name = newName() }
      entries.append(.init(name: name, expression: expression))
      put(name, [kind])
    }
    if entries.count == 1, numbers.oneIn(4), let kind = columns.last?.kinds {
      let replaced = numbers.pick(Array(columns.dropLast()))
      columns.removeLast()
      entries[0].name = replaced.name
      put(replaced.name, kind)
    }
    return .derive(entries)
  }

  private mutating func lookup() -> GeneratedStep.Action? {
    let table = numbers.below(SampleLookup.all.count)
    var match: [String] = []
    for key in SampleLookup.all[table].keys {
      guard let column = named(key.kinds) else { return nil }
      match.append(column)
    }
    if Set(match).count < match.count { return nil }
    var take: [GeneratedStep.Pair] = []
    for column in SampleLookup.payload where take.isEmpty || numbers.oneIn(2) {
      let name = newName()
      if take.contains(where: { $0.new == name }) || match.contains(name) { continue }
      take.append(.init(new: name, old: column.name))
    }
    if take.isEmpty { return nil }
    for pair in take {
      let kind = SampleLookup.payload.first { $0.name == pair.old }?.kind
      put(pair.new, kind.map { [$0] } ?? [])
    }
    return .lookup(table: table, match: match, take: take)
  }

  private mutating func pseudonymise() -> GeneratedStep.Action? {
    let fitting = columns.filter { !$0.kinds.contains("carried") }
    let pair = GeneratedStep.Pair(new: newName(), old: numbers.pick(fitting).name)
    put(pair.new, ["text"])
    return .pseudonymise([pair])
  }

  private mutating func select() -> GeneratedStep.Action {
    var kept = columns.filter { _ in !numbers.oneIn(6) }
    if !kept.contains(where: { $0.name == "id" }) { kept.append(("id", ["integer"])) }
    if numbers.oneIn(2) { kept.reverse() }
    kept = kept.filter { pair in columns.contains { $0.name == pair.name } }
    var list = kept.map { GeneratedStep.Pair(new: $0.name, old: $0.name) }
    for number in list.indices where numbers.oneIn(8) {
      made += 1
      list[number].new = "x\(made)"
      kept[number].name = list[number].new
    }
    columns = kept
    return .select(list)
  }

  private mutating func rename() -> GeneratedStep.Action {
    var list: [GeneratedStep.Pair] = []
    for number in columns.indices where list.count < 3 && numbers.oneIn(12) {
      made += 1
      list.append(.init(new: "x\(made)", old: columns[number].name))
      columns[number].name = "x\(made)"
    }
    if list.isEmpty {
      made += 1
      list = [.init(new: "x\(made)", old: columns[0].name)]
      columns[0].name = "x\(made)"
    }
    return .rename(list)
  }

  private mutating func drop() -> GeneratedStep.Action {
    .drop((0..<numbers.pick([1, 1, 2])).map { _ in dropOne() })
  }

  private mutating func dropOne() -> String {
    let number = 1 + numbers.below(columns.count - 1)
    return columns.remove(at: number).name
  }

  // MARK: Conditions

  /// A condition that some rows keep: chance alone would seldom leave any.
  private mutating func condition() -> GeneratedExpression {
    let first = expressions.expression("boolean", depth: 1 + numbers.below(3))
    switch numbers.below(4) {
    case 0: return first
    case 1: return GeneratedExpression(kind: "boolean", pieces: ["", " IS NOT FALSE"], operands: [first])
    case 2: return GeneratedExpression(kind: "boolean", pieces: ["", " IS NOT TRUE"], operands: [first])
    default:
      let kept = simple("{integer} % 4 <> 1") ?? first
      return GeneratedExpression(kind: "boolean", pieces: ["", " OR ", ""], operands: [kept, first])
    }
  }

  private static let portables = [
    "{integer} > 0", "{bigint} <= 100", "{smallint} <> 12", "{numeric} >= 0", "{money} < 100.5",
    "{text} = 'a'",
    "{text} <> ''", "{varchar} IN ('a', 'Abc def', NULL)", "{date} > date '2000-01-01'", "{date} IS NOT NULL",
    "{timestamp} < timestamp '2024-03-31 02:30'", "{timestamptz} >= timestamptz '2024-10-27 00:30:00+00'",
    "{boolean}", "{boolean} IS NOT TRUE", "{integer} IS DISTINCT FROM {integer}",
    "{integer} IN (0, 1, 2, NULL)",
    "{numeric} NOT IN (0, 1.0)", "{integer} < {bigint}", "{numeric} = {money}", "{text} IS NULL",
    "{varchar} = {text}",
  ]

  /// A condition over the columns as they were fetched that may move into Postgres.
  mutating func movable() -> GeneratedExpression? {
    simple(numbers.pick(Self.portables)).map {
      GeneratedExpression(
        kind: "boolean", pieces: ["", numbers.pick([" IS NOT TRUE", " IS NOT FALSE"])], operands: [$0])
    }
  }

  /// A condition that may move into Postgres, but where there are no columns for one.
  private mutating func portable() -> GeneratedExpression {
    let first = simple(numbers.pick(Self.portables)) ?? condition()
    let second = simple(numbers.pick(Self.portables)) ?? first
    switch numbers.below(4) {
    case 0:
      return GeneratedExpression(kind: "boolean", pieces: ["", " AND ", ""], operands: [first, second])
    case 1: return GeneratedExpression(kind: "boolean", pieces: ["NOT ", ""], operands: [first])
    default:
      return GeneratedExpression(kind: "boolean", pieces: ["", " OR ", ""], operands: [first, second])
    }
  }

  /// A template over columns; `nil` where there are none of a kind.
  private mutating func simple(_ template: String) -> GeneratedExpression? {
    let production = ExpressionGrammar.Production(template)
    var operands: [GeneratedExpression] = []
    for slot in production.slots {
      guard let name = named([slot]) else { return nil }
      operands.append(GeneratedExpression(column: name, kind: slot))
    }
    return GeneratedExpression(kind: "boolean", pieces: production.pieces, operands: operands)
  }

  // MARK: The aggregate

  /// Types whose equal values are spelt alike, so that it does not matter which one stands for a group.
  private mutating func groupKeys() -> [String] {
    var keys: [String] = []
    for _ in 0..<numbers.below(3) {
      let kinds = [
        "boolean", "smallint", "integer", "bigint", "text", "varchar", "date", "timestamp", "timestamptz",
        "uuid",
      ]
      if let name = named(kinds), !keys.contains(name) { keys.append(name) }
    }
    return keys
  }

  private static let functions: [(String, String)] =
    ["smallint", "integer", "bigint", "numeric"].flatMap { kind in
      [("sum", kind), ("avg", kind), ("count(distinct ", kind)]
    }
    + ["smallint", "integer", "bigint", "text", "date", "timestamp", "timestamptz"].flatMap { kind in
      [("min", kind), ("max", kind), ("count", kind)]
    }
    + [
      ("bool_and", "boolean"), ("bool_or", "boolean"), ("count(distinct ", "text"), ("count", "mood"),
      ("count", "carried"),
    ]

  private mutating func measure() -> GeneratedMeasure {
    let filter = numbers.oneIn(4) ? condition() : nil
    if numbers.oneIn(4) { return GeneratedMeasure(function: "count", argument: nil, filter: filter) }
    let (function, kind) = numbers.pick(Self.functions)
    let argument = expressions.expression(kind, depth: numbers.below(2))
    guard argument.readsColumns else {
      return GeneratedMeasure(function: "count", argument: nil, filter: filter)
    }
    return GeneratedMeasure(function: function, argument: argument, filter: filter)
  }
}
