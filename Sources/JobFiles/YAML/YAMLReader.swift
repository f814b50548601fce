internal import Model

/// Reads one YAML document into nodes with places: the one door for job and project files.
///
/// Anchors, aliases and `<<` are resolved. Refused are: several documents, duplicate keys, keys that are no
/// text, tags beyond the core ones, aliases into themselves, and all that goes over a limit.
struct YAMLReader: ~Copyable {
  private var text: YAMLText
  private let limits: YAMLLimits
  private var events: YAMLEvents
  private var anchored: [String: Anchored] = [:]
  private var open: Set<String> = []
  private var count = 0
  private var faults: [Fault] = []

  private struct Anchored {
    var node: YAMLNode
    var size: Int
  }

  /// The document, and the faults that did not keep it from being read on: duplicate keys and the like.
  /// - Throws: `Fault`, the first one behind which nothing can be read.
  static func read(_ bytes: [UInt8], file: String, limits: YAMLLimits = .standard) throws(Fault) -> (
    node: YAMLNode, faults: [Fault]
  ) {
    if bytes.count > limits.bytes {
      throw Fault(
        "yaml_too_big", .validation, "\(file) has \(bytes.count) bytes; at most \(limits.bytes) are read")
    }
    var reader = try YAMLReader(YAMLText(bytes, file: file), limits: limits)
    let node = try reader.document()
    return (node, reader.faults)
  }

  private init(_ text: YAMLText, limits: YAMLLimits) throws(Fault) {
    self.text = text
    self.limits = limits
    events = try YAMLEvents(text.bytes, file: text.file)
  }

  private mutating func document() throws(Fault) -> YAMLNode {
    var node: YAMLNode?
    while true {
      let next = try events.next()
      switch next.event {
      case .streamEnd:
        if let node { return node }
        throw Fault(
          "yaml_empty", .validation, "The file is empty", place: Place(file: text.file, line: 1, column: 1))
      case .documentStart where node != nil:
        throw Fault(
          "yaml_documents", .validation, "A second YAML document begins here", place: text.place(next.start),
          hint: "Write one file for each job")
      case .documentStart, .documentEnd, .streamStart: continue
      default: node = try self.node(next, depth: 1)
      }
    }
  }

  private mutating func node(_ next: YAMLEvents.Positioned, depth: Int) throws(Fault) -> YAMLNode {
    let place = text.place(next.start)
    try charge(1, at: place)
    if depth > limits.depth {
      throw Fault(
        "yaml_too_deep", .validation, "The file is nested more than \(limits.depth) levels deep", place: place
      )
    }
    let before = count
    switch next.event {
    case .alias(let name): return try alias(name, at: place)
    case .scalar(let value, let isPlain, let isBlock, let anchor, let tag):
      let node = try scalar(value, isPlain: isPlain, isBlock: isBlock, tag: tag, next)
      if let anchor { anchored[anchor] = Anchored(node: node, size: 1) }
      return node
    case .sequenceStart(let anchor, let tag):
      check(tag: tag, isOne: ["tag:yaml.org,2002:seq"], at: place)
      return try collection(anchor, at: place, before: before) { (reader) throws(Fault) in
        .sequence(try reader.elements(depth: depth))
      }
    case .mappingStart(let anchor, let tag):
      check(tag: tag, isOne: ["tag:yaml.org,2002:map"], at: place)
      return try collection(anchor, at: place, before: before) { (reader) throws(Fault) in
        .mapping(try reader.mapping(depth: depth))
      }
    default:
      throw Fault("yaml_syntax", .validation, "A value is missing", place: place)
    }
  }

  private mutating func collection(
    _ anchor: String?, at place: Place, before: Int,
    _ body: (inout YAMLReader) throws(Fault) -> YAMLNode.Content
  ) throws(Fault) -> YAMLNode {
    if let anchor { open.insert(anchor) }
    let node = YAMLNode(place: place, content: try body(&self))
    if let anchor {
      open.remove(anchor)
      anchored[anchor] = Anchored(node: node, size: count - before + 1)
    }
    return node
  }

  private mutating func elements(depth: Int) throws(Fault) -> [YAMLNode] {
    var nodes: [YAMLNode] = []
    var cut: CutText?
    while true {
      let next = try events.next()
      if case .sequenceEnd = next.event { return nodes }
      let node = try node(next, depth: depth + 1)
      if let whole = cut?.joined(node, next, &text) {
        nodes[nodes.count - 1] = told(whole)
        continue
      }
      cut = CutText(node, next)
      nodes.append(node)
    }
  }

  private mutating func mapping(depth: Int) throws(Fault) -> YAMLMapping {
    var entries: [YAMLMapping.Entry] = []
    var merge: (at: Int, mappings: [YAMLMapping])?
    var seen: [String: Place] = [:]
    var cut: CutText?
    while true {
      let next = try events.next()
      if case .mappingEnd = next.event { break }
      let first = try node(next, depth: depth + 1)
      guard let key = first.scalar else {
        throw Fault(
          "yaml_key", .validation, "A key must be a text", place: text.place(next.start),
          hint: "Quote a key or value that begins with `{` or `[`")
      }
      let place = key.source.place
      let behind = try events.next()
      let value = try node(behind, depth: depth + 1)
      // Without a colon the value that is none stands where the key ends.
      if behind.start == next.end, let whole = cut?.joined(first, next, &text) {
        entries[entries.count - 1].value = told(whole)
        continue
      }
      cut = nil
      if let first = seen.updateValue(place, forKey: key.text) {
        faults.append(
          Fault(
            "duplicate_key", .validation, "The key `\(key.text)` stands here twice", place: place,
            hint: "It stands first in line \(first.line)"))
        continue
      }
      if key.text == "<<", key.isPlain {
        merge = (entries.count, merged(value))
      } else {
        cut = CutText(value, behind)
        entries.append(YAMLMapping.Entry(key: key.source, value: value))
      }
    }
    return Self.merge(entries, merge, own: seen)
  }

  /// Tells of a text that a comma has cut, once it is whole again.
  private mutating func told(_ node: YAMLNode) -> YAMLNode {
    if let whole = node.scalar?.text, CutText.isWhole(whole) {
      faults.append(
        Fault(
          "yaml_comma", .validation, "Inside `{ }` and `[ ]` a comma ends a value, and this one goes on",
          place: node.place,
          hint: whole.contains("\"") ? "Put it into quotes" : "Put it into quotes: \"\(whole)\""))
    }
    return node
  }

  private mutating func merged(_ value: YAMLNode) -> [YAMLMapping] {
    let mappings = (value.sequence ?? [value]).map(\.mapping)
    if mappings.contains(nil) {
      faults.append(
        Fault(
          "yaml_merge", .validation, "`<<` takes a mapping or a list of mappings, not \(value.kindName)",
          place: value.place, hint: "Write `<<: *anchor`"))
    }
    return mappings.compactMap(\.self)
  }

  /// A mapping's own keys win over merged ones, and earlier merged mappings over later.
  private static func merge(
    _ entries: [YAMLMapping.Entry], _ merge: (at: Int, mappings: [YAMLMapping])?, own: [String: Place]
  ) -> YAMLMapping {
    guard let merge else { return YAMLMapping(entries) }
    var taken = Set(own.keys)
    let new = merge.mappings.flatMap(\.entries).filter { taken.insert($0.key.text).inserted }
    return YAMLMapping(entries[..<merge.at] + new + entries[merge.at...])
  }

  private mutating func alias(_ name: String, at place: Place) throws(Fault) -> YAMLNode {
    if open.contains(name) {
      throw Fault("yaml_alias", .validation, "The alias `*\(name)` stands inside what it names", place: place)
    }
    guard let target = anchored[name] else {
      throw Fault(
        "yaml_alias", .validation, "There is no anchor `&\(name)` above this alias", place: place,
        hint: DidYouMean.hint(for: name, among: anchored.keys.sorted()) ?? "Quote a text that begins with `*`"
      )
    }
    try charge(target.size, at: place)
    return target.node
  }

  private mutating func scalar(
    _ value: String, isPlain: Bool, isBlock: Bool, tag: String?, _ next: YAMLEvents.Positioned
  ) throws(Fault) -> YAMLNode {
    let place = text.place(next.start)
    if value.utf8.count > limits.scalarBytes {
      throw Fault(
        "yaml_too_big", .validation,
        "This text has \(value.utf8.count) bytes; at most \(limits.scalarBytes) are read", place: place)
    }
    check(tag: tag, isOne: YAMLReader.scalarTags, at: place)
    var anchors: [SourceText.Anchor] = []
    // A plain text on one line stands in the file as it is.
    let isAsItIs =
      isPlain && next.start.line == next.end.line
      && next.end.column - next.start.column == value.unicodeScalars.count
    if !isAsItIs {
      let raw = text.scalars(from: next.start, to: next.end)
      anchors = ScalarAlignment(raw: raw, text: value, isPlain: isPlain, isBlock: isBlock).anchors
    }
    if anchors.isEmpty { anchors = [.init(offset: 0, line: place.line, column: place.column)] }
    let isText = tag == "!" || tag == "tag:yaml.org,2002:str"
    let scalar = YAMLScalar(
      source: SourceText(text: value, file: text.file, anchors: anchors), isPlain: isPlain && !isText)
    return YAMLNode(place: isPlain ? scalar.source.place : place, content: .scalar(scalar))
  }

  private static let scalarTags = ["int", "float", "bool", "null", "str"].map { "tag:yaml.org,2002:\($0)" }

  private mutating func check(tag: String?, isOne known: [String], at place: Place) {
    guard let tag, tag != "!", !known.contains(tag) else { return }
    faults.append(
      Fault(
        "yaml_tag", .validation, "The tag `\(tag)` means nothing here", place: place,
        hint: "Leave it out, or quote a text that begins with `!`"))
  }

  private mutating func charge(_ nodes: Int, at place: Place) throws(Fault) {
    count += nodes
    if count > limits.nodes {
      throw Fault(
        "yaml_too_many", .validation,
        "The file holds more than \(limits.nodes) values once its aliases are followed", place: place)
    }
  }
}
