internal import Model

/// Types steps one after the other, keeping the row's columns as each leaves them.
struct StepChecker {
  private(set) var columns: [ColumnSchema]
  private(set) var steps: [TypedStep] = []
  private(set) var faults: [Fault] = []
  /// Names whose making failed: nothing more is said about them.
  private(set) var poisoned: Set<String> = []
  private let references: ReferenceScope
  private let lookups: [LookupSchema]
  private var lookupCount = 0

  init(columns: [ColumnSchema], references: ReferenceScope, lookups: [LookupSchema]) {
    self.columns = columns
    self.references = references
    self.lookups = lookups
  }

  /// Types `step` and lets the columns be as it leaves them. Faults are gathered.
  mutating func add(_ step: Step) {
    let before = columns
    let action: TypedStep.Action?
    switch step.action {
    case .sanitize(let items): action = sanitize(items)
    case .parse(let parsing): action = parse(parsing, step)
    case .validate(let rules): action = validate(rules)
    case .derive(let entries): action = derive(entries, step)
    case .filter(let source): action = check(source, expecting: .boolean).map { .filter($0, source: source) }
    case .lookup(let lookup): action = self.lookup(lookup, step)
    case .pseudonymise(let take, let key): action = pseudonymise(take, key)
    case .select(let list): action = select(list)
    case .rename(let list): action = rename(list)
    case .drop(let names): action = drop(names, step)
    }
    guard let action else { return }
    steps.append(
      TypedStep(
        name: step.name, action: action, onFail: step.onFail, columnsBefore: before, place: step.place))
  }

  // MARK: Columns

  private func number(of name: String) -> Int? { columns.firstIndex { $0.name == name } }

  private mutating func require(_ name: String, at place: Place) -> Int? {
    if let number = number(of: name) { return number }
    if !poisoned.contains(name) {
      faults.append(Fault.unknownColumn(name, among: columns.map(\.name), what: "The row", at: place))
    }
    return nil
  }

  /// Puts `schema` in the place of the column of its name, or behind the last.
  private mutating func put(_ schema: ColumnSchema) -> Int {
    poisoned.remove(schema.name)
    if let number = number(of: schema.name) {
      columns[number] = schema
      return number
    }
    columns.append(schema)
    return columns.count - 1
  }

  private mutating func poison(_ name: String) {
    poisoned.insert(name)
    columns.removeAll { $0.name == name }
  }

  private mutating func report(_ code: String, _ sentence: String, _ place: Place, hint: String? = nil) {
    faults.append(Fault(code, .validation, sentence, place: place, hint: hint))
  }

  // MARK: Expressions

  private mutating func check(_ source: SourceText, expecting: SQLType? = nil) -> TypedExpression? {
    do {
      let syntax = try ExpressionParser.parse(source)
      if !syntax.columnNames().isDisjoint(with: poisoned) { return nil }
    } catch {
      faults.append(error)
      return nil
    }
    do {
      return try ExpressionChecker.check(
        source, columns: columns, references: references, expecting: expecting)
    } catch {
      faults += error.all
      return nil
    }
  }

  private mutating func validate(_ rules: [Step.Rule]) -> TypedStep.Action? {
    let typed = rules.compactMap { rule in
      check(rule.expect, expecting: .boolean).map {
        TypedStep.Rule(name: rule.name, expect: $0, source: rule.expect)
      }
    }
    return .validate(typed)
  }

  private mutating func derive(_ entries: [Step.NamedExpression], _ step: Step) -> TypedStep.Action? {
    let order: [Step.NamedExpression]
    do {
      order = try DependencyOrder.sort(entries)
    } catch {
      faults += error.all
      for entry in entries { poison(entry.name) }
      return nil
    }
    var derivations: [TypedStep.Derivation] = []
    for entry in order {
      guard let typed = check(entry.expression) else {
        poison(entry.name)
        continue
      }
      let into = put(typed.schema(named: entry.name, over: columns))
      derivations.append(TypedStep.Derivation(into: into, expression: typed, source: entry.expression))
    }
    return .derive(derivations)
  }

  // MARK: Text steps

  private mutating func sanitize(_ items: [Step.Sanitizing]) -> TypedStep.Action? {
    var typed: [TypedStep.Sanitizing] = []
    for item in items {
      guard let number = require(item.column, at: item.place) else { continue }
      let schema = columns[number]
      guard schema.type.isText else {
        report(
          "type_mismatch", "`sanitize` takes text; `\(schema.name)` is of type \(schema.type.sqlName)",
          item.place,
          hint: "Make a text of it first: `derive: {\(schema.name): \(schema.name)::text}`")
        continue
      }
      columns[number].type = .text
      columns[number].isNullable = schema.isNullable || item.operations.contains(.nullIfEmpty)
      typed.append(TypedStep.Sanitizing(column: number, operations: item.operations))
    }
    return .sanitize(typed)
  }

  private mutating func parse(_ parsing: Step.Parsing, _ step: Step) -> TypedStep.Action? {
    let name = parsing.into ?? parsing.column
    guard let number = require(parsing.column, at: step.place) else {
      poison(name)
      return nil
    }
    let source = columns[number]
    let isJSON: Bool
    if case .json = parsing.target {
      isJSON = source.type == .json || source.type == .jsonb
    } else {
      isJSON = false
    }
    guard source.type.isText || isJSON else {
      report(
        "type_mismatch", "`parse` takes text; `\(source.name)` is of type \(source.type.sqlName)", step.place,
        hint: "Cast it in `derive`")
      poison(name)
      return nil
    }
    let type: SQLType =
      switch parsing.target {
      // As wide as there is: no code of twelve digits is refused for its length.
      case .integer: .bigint
      case .numeric(let modifier): .numeric(modifier)
      case .date: .date
      case .timestamp(_, let zone): zone == nil ? .timestamp : .timestamptz
      case .boolean: .boolean
      case .json: .text
      }
    let isNullable = source.isNullable || isJSON || step.onFail == .keep
    let into = put(
      ColumnSchema(name: name, type: type, isNullable: isNullable, isSensitive: source.isSensitive))
    return .parse(column: number, into: into, target: parsing.target, type: type)
  }

  private mutating func pseudonymise(_ take: [Step.NamedColumn], _ key: Template) -> TypedStep.Action? {
    let before = columns
    var typed: [TypedStep.Pseudonym] = []
    for item in take {
      guard let number = require(item.column, at: item.place), number < before.count else {
        poison(item.name)
        continue
      }
      if TypeRules.isOpaque(before[number].type) {
        report(
          "type_mismatch", "`\(item.column)` is \(before[number].type.sqlName), which is only carried",
          item.place, hint: "Make a text of it, under `source.add_columns`")
        poison(item.name)
        continue
      }
      let into = put(ColumnSchema(name: item.name, type: .text, isNullable: before[number].isNullable))
      typed.append(TypedStep.Pseudonym(column: number, into: into))
    }
    return .pseudonymise(typed, key: key)
  }

  // MARK: Lookup

  private mutating func lookup(_ lookup: Lookup, _ step: Step) -> TypedStep.Action? {
    let table = lookupCount
    lookupCount += 1
    guard table < lookups.count, lookups[table].key.count == lookup.match.count,
      lookups[table].payload.count == lookup.take.count
    else {
      report("bad_lookup", "The columns of the lookup `\(step.name)` are not known", step.place)
      for take in lookup.take { poison(take.name) }
      return nil
    }
    let schema = lookups[table]
    var match: [Int] = []
    for (pair, key) in zip(lookup.match, schema.key) {
      guard let number = require(pair.name, at: pair.place) else { continue }
      let row = columns[number]
      match.append(number)
      if row.isNondeterministic || key.isNondeterministic {
        report(
          "not_comparable", "Text under a nondeterministic collation cannot be a lookup key", pair.place,
          hint: "Derive a copy: `\(row.name) COLLATE \"C\"`")
      } else if !Self.isMatchable(row.type, key.type) {
        report(
          "type_mismatch",
          "`\(row.name)` is \(row.type.base.shownName), the lookup's `\(key.name)` is \(key.type.base.shownName)",
          pair.place,
          hint:
            "Make them one type that loses nothing: the lookup's by `from: {query: ...}` with `\(key.name)::\(row.type.base.sqlName)`, or the row's by a derived column"
        )
      }
    }
    var take: [TypedStep.Take] = []
    for (index, pair) in lookup.take.enumerated() {
      var taken = schema.payload[index]
      taken.name = pair.name
      taken.isNullable = taken.isNullable || lookup.onMissing == .keep
      take.append(TypedStep.Take(payload: index, into: put(taken)))
    }
    guard match.count == lookup.match.count else { return nil }
    return .lookup(TypedStep.LookupStep(table: table, match: match, take: take, onMissing: lookup.onMissing))
  }

  /// True where values of both types are held alike, so that keys can be compared as they are.
  private static func isMatchable(_ row: SQLType, _ key: SQLType) -> Bool {
    if TypeRules.isOpaque(row) || TypeRules.isOpaque(key) { return false }
    if row.isInteger, key.isInteger { return true }
    if row.isText, key.isText { return row.isChar == key.isChar }
    return row.base == key.base
  }

  // MARK: Projection

  private mutating func select(_ list: [Step.NamedColumn]) -> TypedStep.Action? {
    var numbers: [Int] = []
    var kept: [ColumnSchema] = []
    var names: Set<String> = []
    for item in list {
      guard let number = require(item.column, at: item.place) else {
        poisoned.insert(item.name)
        continue
      }
      if !names.insert(item.name).inserted {
        report("duplicate_column", "`select` names `\(item.name)` twice", item.place)
        continue
      }
      var schema = columns[number]
      schema.name = item.name
      numbers.append(number)
      kept.append(schema)
    }
    columns = kept
    return .project(numbers)
  }

  private mutating func rename(_ list: [Step.NamedColumn]) -> TypedStep.Action? {
    var renamed = columns
    for item in list {
      guard let number = require(item.column, at: item.place) else {
        poisoned.insert(item.name)
        continue
      }
      renamed[number].name = item.name
    }
    var names: Set<String> = []
    for schema in renamed where !names.insert(schema.name).inserted {
      let place = list.first { $0.name == schema.name }?.place ?? list[0].place
      report(
        "duplicate_column", "There is already a column `\(schema.name)`", place,
        hint: "Drop it first, or choose another name")
    }
    columns = renamed
    return .project(Array(columns.indices))
  }

  private mutating func drop(_ names: [String], _ step: Step) -> TypedStep.Action? {
    var dropped: Set<Int> = []
    for name in names {
      if let number = require(name, at: step.place) { dropped.insert(number) }
    }
    let kept = columns.indices.filter { !dropped.contains($0) }
    columns = kept.map { columns[$0] }
    return .project(kept)
  }
}
