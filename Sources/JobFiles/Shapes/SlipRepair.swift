internal import Model

/// Reads misspelt keys as what they were probably meant for, so that one slip gives one fault, and what
/// stands behind the key is looked at as well.
///
///     agregate: {...}        one `unknown_key`, and the value is read as that of `aggregate`
struct SlipRepair {
  /// One `unknown_key` for each key that was read as another.
  private(set) var faults: [Fault] = []

  /// The value with its keys as they were probably meant.
  mutating func repaired(_ node: YAMLNode, as shape: Shape) -> YAMLNode {
    var node = node
    switch (shape, node.content) {
    case (.record(let record), .mapping(let mapping)):
      node.content = .mapping(repaired(mapping, as: record))
    case (.map(let values, _, _), .mapping(let mapping)):
      node.content = .mapping(
        YAMLMapping(mapping.entries.map { .init(key: $0.key, value: repaired($0.value, as: values)) }))
    case (.list(let element, _), .sequence(let nodes)), (.oneOrList(let element), .sequence(let nodes)):
      node.content = .sequence(nodes.map { repaired($0, as: element) })
    case (.oneOrList(let element), _):
      return repaired(node, as: element)
    case (.either(let shapes), _):
      let fitting = shapes.filter { $0.takes(node) }
      return fitting.count == 1 ? repaired(node, as: fitting[0]) : node
    default: break
    }
    return node
  }

  private mutating func repaired(_ mapping: YAMLMapping, as record: Record) -> YAMLMapping {
    var mapping = mapping
    for (number, entry) in mapping.entries.enumerated() where !entry.key.text.hasPrefix("x-") {
      let word = entry.key.text
      if let meant = meant(word, in: mapping, of: record) {
        faults.append(record.unknown(entry.key))
        mapping.entries[number].key.text = meant
      }
      let name = mapping.entries[number].key.text
      if let key = record.keys.first(where: { $0.name == name }) {
        mapping.entries[number].value = repaired(entry.value, as: key.shape)
      }
    }
    return mapping
  }

  /// The key that an unknown word is a slip of, unless it stands there as well.
  private func meant(_ word: String, in mapping: YAMLMapping, of record: Record) -> String? {
    let known = record.keys.map(\.name)
    guard !known.contains(word), !record.later.contains(word), record.advice[word] == nil,
      let nearest = DidYouMean.nearest(to: word, among: known), mapping[nearest] == nil
    else { return nil }
    return nearest
  }
}
