internal import Model

/// Writes what a YAML tree says in one way only, so that equal jobs have equal hashes.
enum CanonicalText {
  static func hash(_ node: YAMLNode) -> String { SHA256.hexadecimal(json(node).text) }

  /// In flow style, on one line or several: what reads as the same tree.
  static func flow(_ mapping: YAMLMapping) -> String {
    // None of those that a file may only hold escaped stands outside of a string.
    tree(mapping).prettyText.unicodeScalars.reduce(into: "") { text, scalar in
      if YAMLText.isRefused(scalar) {
        text += "\\u\(YAMLText.hexadecimal(scalar))"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }

  private static func tree(_ mapping: YAMLMapping) -> JSONValue {
    .object(mapping.meaningful.map { JSONValue.Member($0.key.text, tree($0.value)) })
  }

  private static func tree(_ node: YAMLNode) -> JSONValue {
    switch node.content {
    case .scalar(let scalar):
      if scalar.isNull { return .null }
      if let value = scalar.boolean { return .boolean(value) }
      return scalar.isNumber ? .number(scalar.text) : .string(scalar.text)
    case .sequence(let nodes): return .array(nodes.map(tree))
    case .mapping(let mapping): return tree(mapping)
    }
  }

  /// Keys sorted by bytes, `x-` keys left out, texts as written and marked where quotes matter.
  private static func json(_ node: YAMLNode) -> JSONValue {
    switch node.content {
    case .scalar(let scalar): return scalar.isNull ? .null : .string(scalar.text)
    case .sequence(let nodes): return .array(nodes.map(json))
    case .mapping(let mapping):
      let members = mapping.meaningful.map { JSONValue.Member($0.key.text, json($0.value)) }
      return .object(members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }
  }
}
