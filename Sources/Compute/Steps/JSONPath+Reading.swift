internal import Expressions
internal import Model

extension JSONPath {
  /// What the path leads to, as text: a string's own characters, anything else as JSON. `nil` where the path
  /// leads nowhere, or to JSON's null. Of members of one name the last one counts, as in Postgres.
  func text(in document: JSONValue) -> String? {
    var value = document
    for part in parts {
      switch part {
      case .member(let name):
        guard let next = value.members.last(where: { $0.name == name }) else { return nil }
        value = next.value
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
