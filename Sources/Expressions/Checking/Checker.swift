internal import Model

/// The state of checking one expression; faults gather in it.
struct Checker {
  let source: SourceText
  let columns: [ColumnSchema]
  let references: ReferenceScope
  /// Where aggregate calls may stand: measures, `having`, `expect`.
  var group: GroupState?
  /// Inside an aggregate call names are the row's again.
  var isInsideAggregate = false
  var faults: [Fault] = []
  private let numbers: [String: Int]

  /// A checked part of an expression.
  struct Operand {
    var typed: TypedExpression
    /// An untyped literal: its text becomes what the context asks for.
    var isUnknown = false
    /// Text under a nondeterministic collation.
    var isNondeterministic = false

    /// For overload resolution: `nil` where the context decides.
    var resolutionType: SQLType? { isUnknown ? nil : typed.type.base }
  }

  init(source: SourceText, columns: [ColumnSchema], references: ReferenceScope, group: GroupState? = nil) {
    self.source = source
    self.columns = columns
    self.references = references
    self.group = group
    numbers = Dictionary(
      columns.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Brings what was checked to its end.
  /// - Throws: the faults gathered.
  mutating func finish(_ checked: Operand?, expecting expected: SQLType?) throws(Faults) -> TypedExpression {
    guard let checked, faults.isEmpty else { throw Faults(faults) }
    var result = checked
    if let expected {
      if result.isUnknown || result.typed.type.base == expected.base {
        guard let typed = coerce(result, to: expected.base) else { throw Faults(faults) }
        result = Operand(typed: typed)
      } else {
        report(
          "type_mismatch",
          "Expected \(article(expected)), this is \(article(result.typed.type))", result.typed.range,
          hint: expected == .boolean ? "Compare it with something: `x > 0`, `x IS NOT NULL`" : nil)
      }
    }
    if let certain = ConstantFolding.certainFault(result.typed) {
      report(
        "constant_fault", "Every row would fail here: \(certain.fault.sentence)", certain.range)
    }
    if !faults.isEmpty { throw Faults(faults) }
    return result.typed
  }

  /// More faults than this help nobody, and finding the places of thousands takes long.
  private static let maximumFaults = 20

  mutating func report(_ code: String, _ sentence: String, _ range: Range<Int>, hint: String? = nil) {
    if faults.count >= Self.maximumFaults { return }
    faults.append(
      Fault(code, .validation, sentence, place: source.place(atUTF8Offset: range.lowerBound), hint: hint))
  }

  mutating func report(_ fault: Fault, _ range: Range<Int>) {
    report(fault.code, fault.sentence, range, hint: fault.hint)
  }

  func article(_ type: SQLType) -> String {
    let name = type.shownName
    return ("aeio".contains(name.first ?? " ") ? "an " : "a ") + name
  }

  func make(_ node: TypedExpression.Node, _ type: SQLType, _ range: Range<Int>) -> TypedExpression {
    ConstantFolding.fold(TypedExpression(node, type: type, range: range))
  }

  // MARK: Nodes

  mutating func check(_ syntax: Syntax) -> Operand? {
    if let key = groupKey(syntax) { return key }
    let range = syntax.range
    switch syntax.node {
    case .column(let name): return column(name, range)
    case .string(let text):
      return Operand(
        typed: TypedExpression(.literal(.text(text)), type: .text, range: range), isUnknown: true)
    case .null:
      return Operand(typed: TypedExpression(.literal(.null), type: .text, range: range), isUnknown: true)
    case .boolean(let value):
      return Operand(typed: TypedExpression(.literal(.boolean(value)), type: .boolean, range: range))
    case .number(let text): return number(text, range)
    case .reference(let reference): return self.reference(reference, range)
    case .unary(let name, let operand): return unary(name, operand, range)
    case .binary(let name, let left, let right): return binary(name, left, right, range)
    case .and(let operands): return connective(operands, range) { .and($0) }
    case .or(let operands): return connective(operands, range) { .or($0) }
    case .not(let operand):
      guard let typed = condition(operand) else { return nil }
      return Operand(typed: make(.not(typed), .boolean, range))
    case .isNull(let operand, let negated):
      guard let checked = check(operand) else { return nil }
      return Operand(typed: make(.isNull(checked.typed, negated: negated), .boolean, range))
    case .isBoolean(let operand, let value, let negated):
      guard let typed = condition(operand) else { return nil }
      return Operand(typed: make(.isBoolean(typed, value, negated: negated), .boolean, range))
    case .isDistinct(let left, let right, let negated): return isDistinct(left, right, negated, range)
    case .between(let operand, let low, let high, let symmetric, let negated):
      return between(operand, low, high, symmetric, negated, range)
    case .inList(let operand, let items, let negated): return inList(operand, items, negated, range)
    case .like(let operand, let pattern, let escape, let ignoresCase, let negated):
      return like(operand, pattern, escape, ignoresCase, negated, range)
    case .conditional(let operand, let branches, let otherwise):
      return conditional(operand, branches, otherwise, range)
    case .cast(let operand, let type): return cast(operand, type, range)
    case .collate(let operand, _): return collate(operand, range)
    case .atTimeZone(let operand, let zone):
      guard let arguments = checkAll([zone, operand]) else { return nil }
      return callFunction("timezone", arguments, range)
    case .call(let call): return self.call(call, range)
    }
  }

  /// All of them, so that every fault is found; `nil` where one failed.
  mutating func checkAll(_ list: [Syntax]) -> [Operand]? {
    let checked = list.map { check($0) }
    return checked.contains { $0 == nil } ? nil : checked.compactMap { $0 }
  }

  private mutating func column(_ name: String, _ range: Range<Int>) -> Operand? {
    if group != nil, !isInsideAggregate { return groupColumn(name, range) }
    if let number = numbers[name] {
      let schema = columns[number]
      return Operand(
        typed: TypedExpression(.column(number), type: schema.type, range: range),
        isNondeterministic: schema.isNondeterministic)
    }
    if let key = group?.keys.first(where: { $0.name == name }) {
      // An aggregate over a group key's expression, by the key's name.
      return Operand(typed: key.expression)
    }
    reportUnknownColumn(name, range, known: columns.map(\.name))
    return nil
  }

  mutating func reportUnknownColumn(_ name: String, _ range: Range<Int>, known: [String]) {
    report(Self.unknownColumn(name, known: known, in: source, at: range), range)
  }

  static func unknownColumn(
    _ name: String, known: [String], in source: SourceText, at range: Range<Int>
  ) -> Fault {
    let sameButCase = known.first { $0.lowercased() == name && $0 != name }
    let hint =
      sameButCase.map { "Its name has capitals: write `\"\($0)\"`" }
      ?? DidYouMean.hint(for: name, among: known)
      ?? (source.text.utf8.dropFirst(range.lowerBound).first == UInt8(ascii: "\"")
        ? "`\"` is for names; a text stands in single quotes: `'\(name)'`" : nil)
      ?? (known.isEmpty
        ? "There are no columns here"
        : "There are: \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : ""); a text stands in single quotes: `'\(name)'`")
    return Fault("unknown_column", .validation, "There is no column `\(name)` here", hint: hint)
  }

  private mutating func number(_ text: String, _ range: Range<Int>) -> Operand? {
    if let value = Int64(text),
      !text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") })
    {
      let type: SQLType = LiteralReader.range(.integer).contains(value) ? .integer : .bigint
      return Operand(typed: TypedExpression(.literal(.integer(value)), type: type, range: range))
    }
    do {
      let value = try Decimal(parsing: text)
      return Operand(typed: TypedExpression(.literal(.numeric(value)), type: .numeric, range: range))
    } catch {
      report("bad_literal", "`\(text.prefix(40))` is not a number: \(error.sentence)", range)
      return nil
    }
  }

  private mutating func reference(_ reference: Reference, _ range: Range<Int>) -> Operand? {
    do {
      let (value, type) = try references.value(of: reference)
      return Operand(typed: TypedExpression(.literal(value), type: type, range: range))
    } catch {
      faults.append(error)
      return nil
    }
  }

  /// A boolean operand.
  mutating func condition(_ syntax: Syntax) -> TypedExpression? {
    guard let checked = check(syntax) else { return nil }
    if checked.isUnknown { return coerce(checked, to: .boolean) }
    guard checked.typed.type == .boolean else {
      report(
        "type_mismatch", "Expected a condition, this is \(article(checked.typed.type))", syntax.range,
        hint: "Compare it with something: `x > 0`, `x IS NOT NULL`")
      return nil
    }
    return checked.typed
  }

  private mutating func connective(
    _ operands: [Syntax], _ range: Range<Int>, _ node: ([TypedExpression]) -> TypedExpression.Node
  ) -> Operand? {
    let typed = operands.map { condition($0) }
    if typed.contains(nil) { return nil }
    return Operand(typed: make(node(typed.compactMap { $0 }), .boolean, range))
  }
}
