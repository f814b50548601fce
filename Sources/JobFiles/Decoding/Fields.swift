internal import Expressions
internal import Model

/// The values of one mapping by key, as what they are meant to be.
///
/// Says nothing about values that do not fit and gives nil for them: `ShapeCheck` has told them already, and
/// a decoder goes on to find what else is wrong.
struct Fields {
  let mapping: YAMLMapping
  let place: Place

  init?(_ node: YAMLNode?) {
    guard let node, let mapping = node.mapping else { return nil }
    self.mapping = mapping
    place = node.place
  }

  subscript(key: String) -> YAMLNode? { mapping[key] }

  func text(_ key: String) -> SourceText? { mapping[key]?.text }

  func string(_ key: String) -> String? { text(key)?.text }

  func integer(_ key: String) -> Int? { mapping[key]?.scalar?.integer }

  func boolean(_ key: String) -> Bool? { mapping[key]?.scalar?.boolean }

  func choice<Choice: RawRepresentable<String>>(_ key: String) -> Choice? {
    string(key).flatMap(Choice.init(rawValue:))
  }

  func duration(_ key: String) -> Duration? { string(key).flatMap(UnitText.duration) }

  func amount(_ key: String) -> CalendarAmount? { string(key).flatMap(UnitText.calendarAmount) }

  func type(_ key: String) -> SQLType? { text(key)?.asType }

  func fields(_ key: String) -> Fields? { Fields(mapping[key]) }

  /// A list's elements, or the one value that stands for a list of one.
  func list(_ key: String) -> [YAMLNode] {
    guard let node = mapping[key], !node.isNull else { return [] }
    return node.sequence ?? [node]
  }

  func texts(_ key: String) -> [SourceText] { list(key).compactMap(\.text) }

  func strings(_ key: String) -> [String] { texts(key).map(\.text) }

  func entries(_ key: String) -> [YAMLMapping.Entry] { mapping[key]?.mapping?.entries ?? [] }

  /// `new: old` entries.
  func columns(_ key: String) -> [Step.NamedColumn] { entries(key).compactMap(\.namedColumn) }
}

extension YAMLNode {
  /// A single value as written.
  var text: SourceText? { isNull ? nil : scalar?.source }
}

extension YAMLMapping.Entry {
  var namedColumn: Step.NamedColumn? {
    value.text.map { Step.NamedColumn(name: key.text, column: $0.text, place: key.place) }
  }

  var namedExpression: Step.NamedExpression? {
    value.text.map { Step.NamedExpression(name: key.text, expression: $0) }
  }
}

extension SourceText {
  /// `ShapeCheck` has told of such a text.
  var isBlank: Bool { text.allSatisfy(\.isWhitespace) }

  /// The SQL type that the text names.
  var asType: SQLType? {
    do throws(Fault) {
      return try TypeNames.parse(self)
    } catch {
      return nil
    }
  }
}
