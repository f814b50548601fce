internal import Model

/// Writes the shapes of job and project files as JSON Schema, for editors.
package enum JobSchema {
  /// The schema of job files, as `docs/job.schema.json` holds it.
  package static var text: String { document("A Tidemark job file", JobShape.job).prettyText + "\n" }

  /// The schema of `tidemark.yaml`.
  package static var projectText: String {
    document("A Tidemark project file", ProjectShape.project).prettyText + "\n"
  }

  private static func document(_ title: String, _ record: Record) -> JSONValue {
    let head: [JSONValue.Member] = [
      .init("$schema", .string("http://json-schema.org/draft-07/schema#")), .init("title", .string(title)),
    ]
    return .object(head + schema(record))
  }

  private static func schema(_ shape: Shape) -> [JSONValue.Member] {
    switch shape {
    case .text(let form):
      // Plain numbers and booleans are texts as written.
      var members = [type(form.isLoose ? ["string", "number", "boolean"] : ["string"])]
      if let pattern = form.pattern { members.append(.init("pattern", .string(pattern))) }
      return members
    case .integer(let range):
      var members = [type(["integer", "string"]), .init("minimum", .integer(range.lowerBound))]
      // Editors read 250_000 as a text.
      members.append(.init("pattern", .string("^[0-9]+(_[0-9]+)+$")))
      if range.upperBound != .max { members.append(.init("maximum", .integer(range.upperBound))) }
      return members
    case .boolean: return [type(["boolean"])]
    case .choice(let words): return [.init("enum", .array(words.map(JSONValue.string)))]
    case .value: return [type(["string", "number", "boolean"])]
    case .list(let element, let least):
      let members = [type(["array"]), .init("items", .object(schema(element)))]
      return least > 0 ? members + [.init("minItems", .integer(least))] : members
    case .oneOrList(let element): return schema(.either([element, .list(element, atLeast: 1)]))
    case .map(let value, let names, let least):
      var members = [type(["object"]), .init("additionalProperties", .object(schema(value)))]
      if least > 0 { members.append(.init("minProperties", .integer(least))) }
      if let pattern = names.pattern {
        members.append(.init("propertyNames", .object([.init("pattern", .string(pattern))])))
      }
      return members
    case .record(let record): return schema(record)
    case .either(let shapes):
      return [.init("anyOf", .array(shapes.map { .object(schema($0)) }))]
    }
  }

  private static func schema(_ record: Record) -> [JSONValue.Member] {
    var members = [
      type(["object"]),
      .init("properties", .object(record.keys.map { .init($0.name, property($0)) })),
      .init("patternProperties", .object([.init("^x-", .boolean(true))])),
      .init("additionalProperties", .boolean(false)),
    ]
    let required = record.keys.filter(\.isRequired).map { JSONValue.string($0.name) }
    if !required.isEmpty { members.append(.init("required", .array(required))) }
    let rules =
      record.exactlyOne.map(exactlyOne) + record.atLeastOne.map(atLeastOne)
      + record.atMostOne.map(atMostOne)
    if !rules.isEmpty { members.append(.init("allOf", .array(rules))) }
    return members
  }

  private static func property(_ key: Record.Key) -> JSONValue {
    .object([.init("description", .string(key.summary))] + schema(key.shape))
  }

  private static func exactlyOne(_ names: [String]) -> JSONValue {
    .object([.init("oneOf", .array(names.map(requires)))])
  }

  private static func atLeastOne(_ names: [String]) -> JSONValue {
    .object([.init("anyOf", .array(names.map(requires)))])
  }

  private static func atMostOne(_ names: [String]) -> JSONValue {
    let none = JSONValue.object([
      .init("not", .object([.init("anyOf", .array(names.map(requires)))]))
    ])
    return .object([.init("oneOf", .array(names.map(requires) + [none]))])
  }

  private static func requires(_ name: String) -> JSONValue {
    .object([.init("required", .array([.string(name)]))])
  }

  private static func type(_ names: [String]) -> JSONValue.Member {
    .init("type", names.count == 1 ? .string(names[0]) : .array(names.map(JSONValue.string)))
  }
}

extension TextForm {
  /// Whether a number or boolean without quotes is a text of this form.
  fileprivate var isLoose: Bool {
    switch self {
    case .free, .expression, .sql, .template, .column, .name, .jobName: true
    default: false
    }
  }
}
