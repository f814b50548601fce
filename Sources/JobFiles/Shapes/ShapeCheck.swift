internal import Model

/// Holds a value of a file against its shape and finds every fault at once: a thousand of them, and then it
/// stops, since such a file is something else.
struct ShapeCheck {
  private(set) var faults: [Fault] = []

  static func faults(in node: YAMLNode, against shape: Shape) -> [Fault] {
    var check = ShapeCheck()
    check.check(node, shape, named: nil)
    return check.faults
  }

  /// The same with misspelt keys told once and read as what they were meant for.
  static func repairing(_ node: YAMLNode, against shape: Shape) -> (node: YAMLNode, faults: [Fault]) {
    var repair = SlipRepair()
    let repaired = repair.repaired(node, as: shape)
    let slips = Array(repair.faults.prefix(limit))
    return (repaired, slips + faults(in: repaired, against: shape).prefix(limit - slips.count))
  }

  /// - Parameter name: the key that the value stands behind, for sentences.
  private mutating func check(_ node: YAMLNode, _ shape: Shape, named name: String?) {
    switch shape {
    case .record(let record):
      guard let mapping = node.mapping else { return wrongType(node, shape, name) }
      check(mapping, record, at: node.place)
    case .map(let values, let names, let least):
      guard let mapping = node.mapping else { return wrongType(node, shape, name) }
      checkCount(mapping.entries.count, least, node, name)
      for entry in mapping.entries {
        if let fault = names.fault(in: entry.key) { faults.append(fault) }
        check(entry.value, values, named: entry.key.text)
      }
    case .list(let element, let least):
      guard let nodes = node.sequence else { return wrongType(node, shape, name) }
      checkCount(nodes.count, least, node, name)
      for node in nodes { check(node, element, named: node.scalar == nil ? nil : name) }
    case .oneOrList(let element):
      guard let nodes = node.sequence else { return check(node, element, named: name) }
      checkCount(nodes.count, 1, node, name)
      for node in nodes { check(node, element, named: node.scalar == nil ? nil : name) }
    case .either(let shapes): checkEither(node, shapes, name)
    case .text, .integer, .boolean, .choice, .value:
      guard let scalar = node.scalar, !node.isNull else { return wrongType(node, shape, name) }
      check(scalar, shape, node, name)
    }
  }

  private mutating func checkCount(_ count: Int, _ least: Int, _ node: YAMLNode, _ name: String?) {
    if count < least {
      let subject = name.map { "`\($0)`" } ?? "This"
      add("empty_list", "\(subject) is empty", node.place, "Give at least one entry, or leave the key out")
    }
  }

  /// Goes by the kind of value, so that faults inside are told precisely.
  private mutating func checkEither(_ node: YAMLNode, _ shapes: [Shape], _ name: String?) {
    let fitting = shapes.filter { $0.takes(node) }
    guard let first = fitting.first else { return wrongType(node, .either(shapes), name) }
    if fitting.count == 1 {
      if case .choice(let words) = first, let scalar = node.scalar {
        return check(scalar, among: words, forms: shapes.flatMap(\.keyedForms), node, name)
      }
      return check(node, first, named: name)
    }
    if !fitting.contains(where: { ShapeCheck.faults(in: node, against: $0).isEmpty }) {
      wrongType(node, .either(fitting), name)
    }
  }

  private mutating func check(_ scalar: YAMLScalar, _ shape: Shape, _ node: YAMLNode, _ name: String?) {
    switch shape {
    case .text(let form):
      if let fault = form.fault(in: scalar.source) { faults.append(fault) }
    case .integer(let range):
      guard let number = scalar.integer else { return wrongType(node, shape, name) }
      if !range.contains(number) {
        let subject = name.map { "`\($0)`" } ?? "This"
        let bounds =
          range.upperBound == .max
          ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        let needed = range.lowerBound == range.upperBound ? "\(range.lowerBound)" : bounds
        let nearest =
          number < range.lowerBound ? "\(range.lowerBound) or more" : "\(range.upperBound) or less"
        let hint = range.lowerBound == range.upperBound ? needed : nearest
        add("out_of_range", "\(subject) must be \(needed), not \(number)", node.place, "Write \(hint)")
      }
    case .boolean:
      if scalar.boolean == nil { wrongType(node, shape, name) }
    case .choice(let words): check(scalar, among: words, forms: [], node, name)
    default: return
    }
  }

  /// - Parameter forms: what may stand there instead of a word, by its key: `truncate`, `{truncate: n}`.
  private mutating func check(
    _ scalar: YAMLScalar, among words: [String], forms: [(key: String, text: String)], _ node: YAMLNode,
    _ name: String?
  ) {
    if words.contains(scalar.text) { return }
    let subject = name.map { "`\($0)` cannot be" } ?? "This cannot be"
    let written = Dictionary(forms.map { ($0.key, $0.text) }, uniquingKeysWith: { first, _ in first })
    let meant =
      written[scalar.text] == nil
      ? DidYouMean.nearest(to: scalar.text, among: words + forms.map(\.key)) : scalar.text
    add(
      "bad_value", "\(subject) `\(scalar.text.shortened)`", node.place,
      meant.map { meant in written[meant].map { "Write `\($0)`" } ?? "Did you mean `\(meant)`?" }
        ?? "It can be \((words + forms.map(\.text)).joined(separator: ", "))")
  }

  private static let limit = 1000

  private mutating func check(_ mapping: YAMLMapping, _ record: Record, at place: Place) {
    if let otherwise = record.otherwise, let first = mapping.meaningful.first?.key,
      !mapping.meaningful.contains(where: { entry in record.keys.contains { $0.name == entry.key.text } })
    {
      var fault = record.unknown(first)
      fault.hint = otherwise
      return faults.append(fault)
    }
    for entry in mapping.meaningful {
      if faults.count >= Self.limit { return }
      let word = entry.key.text
      if let key = record.keys.first(where: { $0.name == word }) {
        check(entry.value, key.shape, named: word)
      } else if record.later.contains(word) {
        add("not_yet", "`\(word)` is planned and does not work yet", entry.key.place, "Leave it out for now")
      } else {
        faults.append(record.unknown(entry.key))
      }
    }
    func present(_ names: [String]) -> [YAMLMapping.Entry] {
      mapping.entries.filter { names.contains($0.key.text) }
    }
    for key in record.keys where key.isRequired && mapping[key.name] == nil {
      add("missing_key", "\(record.name.capitalizedFirst) needs `\(key.name)`", place, key.advice)
    }
    for group in record.exactlyOne + record.atLeastOne where present(group).isEmpty {
      // A slip in a key's name is told already.
      let isSlip = mapping.meaningful.contains { record.isSlip($0.key.text, of: group) }
      if !isSlip {
        add(
          "missing_key", "\(record.name.capitalizedFirst) needs one of \(group.quoted)", place,
          record.advice(onOneOf: group))
      }
    }
    for group in record.exactlyOne + record.atMostOne where present(group).count > 1 {
      let names = present(group).map(\.key.text)
      add(
        "conflicting_keys", "\(record.name.capitalizedFirst) takes only one of \(names.quoted)",
        present(group)[1].key.place, "Keep one of them")
    }
  }

  private mutating func wrongType(_ node: YAMLNode, _ shape: Shape, _ name: String?) {
    let subject = name.map { "`\($0)`" } ?? "This"
    let sentence = "\(subject) takes \(shape.name), but is \(node.kindName)"
    add("wrong_type", sentence, node.place, Self.hint(node, shape))
  }

  private static func hint(_ node: YAMLNode, _ shape: Shape) -> String {
    if node.isNull { return "Give a value, or leave the key out" }
    switch (shape, node.scalar) {
    case (.integer, let scalar?):
      let bare = YAMLScalar(source: SourceText(scalar.text), isPlain: true)
      if !scalar.isPlain, bare.integer != nil { return "Take the quotes off" }
    case (.boolean, let scalar?) where ["yes", "no", "on", "off"].contains(scalar.text.lowercased()):
      return "In YAML 1.2 `\(scalar.text)` is a text; write true or false"
    default: break
    }
    return "Write " + shape.form
  }

  private mutating func add(_ code: String, _ sentence: String, _ place: Place, _ hint: String?) {
    faults.append(Fault(code, .validation, sentence, place: place, hint: hint))
  }
}

extension Shape {
  /// Whether the shape is for values of this kind at all.
  func takes(_ node: YAMLNode) -> Bool {
    switch self {
    case .text, .integer, .boolean, .choice, .value: node.scalar != nil && !node.isNull
    case .list: node.sequence != nil
    case .oneOrList(let shape): node.sequence != nil || shape.takes(node)
    case .map, .record: node.mapping != nil
    case .either(let shapes): shapes.contains { $0.takes(node) }
    }
  }
}

extension Record {
  func unknown(_ key: SourceText) -> Fault {
    Fault(
      "unknown_key", .validation, "There is no key `\(key.text.shortened)` in \(name)", place: key.place,
      hint: hint(for: key.text))
  }

  private func hint(for word: String) -> String {
    if let advice = advice[word] { return advice }
    return DidYouMean.hint(for: word, among: keys.map(\.name))
      ?? "There are " + keys.map(\.name).joined(separator: ", ")
  }

  /// What to write where a mapping has none of `group`: the usual one where there is one, else what each is.
  fileprivate func advice(onOneOf group: [String]) -> String {
    let keys = keys.filter { group.contains($0.name) }
    if let example = keys.lazy.compactMap(\.example).first {
      return "Write `\(example)`, or one of the others"
    }
    return keys.map { "`\($0.name)`: \($0.summary)" }.joined(separator: " ")
  }

  /// Whether an unknown key is meant for one of `group`.
  fileprivate func isSlip(_ word: String, of group: [String]) -> Bool {
    guard !keys.contains(where: { $0.name == word }) else { return false }
    return later.contains(word) || advice[word] != nil
      || DidYouMean.nearest(to: word, among: keys.map(\.name)).map(group.contains) ?? false
  }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension [String] {
  /// `a`, `b` and `c`, each in backticks.
  var quoted: String {
    let names = map { "`\($0)`" }
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }
}
