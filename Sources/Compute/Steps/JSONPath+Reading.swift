internal import Expressions
internal import Model

extension JSONPath {
  /// What the path leads to, as text: a string's own characters, anything else as JSON. `nil` where the path
  /// leads nowhere, or to JSON's null.
  func text(in document: JSONValue) -> String? {
    var value = document
    for part in parts {
      switch part {
      case .member(let name):
        guard let next = value[name] else { return nil }
        value = next
      case .element(let index):
        guard index < value.elements.count else { return nil }
        value = value.elements[index]
      }
    }
    switch value {
    case .null: return nil
    case .string(let text): return text
    case .boolean, .number, .array, .object: return value.text
    }
  }
}
