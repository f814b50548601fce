internal import Model

/// One value of a YAML file with its place: aliases and merges are resolved, order is kept.
struct YAMLNode: Hashable, Sendable {
  var place: Place
  var content: Content

  enum Content: Hashable, Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping(YAMLMapping)
  }

  var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  var sequence: [YAMLNode]? {
    if case .sequence(let nodes) = content { nodes } else { nil }
  }

  var mapping: YAMLMapping? {
    if case .mapping(let mapping) = content { mapping } else { nil }
  }

  /// Empty, `~` or `null`.
  var isNull: Bool { scalar?.isNull ?? false }

  /// For sentences: what the file has here.
  var kindName: String {
    switch content {
    case .scalar(let scalar): scalar.kindName
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// Keys and values in the order of the file, each key once.
struct YAMLMapping: Hashable, Sendable {
  var entries: [Entry]

  struct Entry: Hashable, Sendable {
    var key: SourceText
    var value: YAMLNode
  }

  init(_ entries: some Sequence<Entry> = []) {
    self.entries = Array(entries)
  }

  subscript(key: String) -> YAMLNode? {
    entries.first { $0.key.text == key }?.value
  }

  func entry(_ key: String) -> Entry? {
    entries.first { $0.key.text == key }
  }

  /// Keys that begin with `x-` are their author's own and mean nothing.
  var meaningful: [Entry] {
    entries.filter { !$0.key.text.hasPrefix("x-") }
  }
}
