/// What a value in a job or project file may be.
///
/// One table of shapes says which keys exist and what they take. `ShapeCheck` holds files against it, and
/// `JobSchema` writes it as JSON Schema, so that editors and the reader agree.
indirect enum Shape: Sendable {
  case text(TextForm)
  case integer(ClosedRange<Int>)
  case boolean
  case choice([String])
  /// Text, number or boolean, kept as written.
  case value
  case list(Shape, atLeast: Int = 0)
  /// One value, or a list of them with at least one.
  case oneOrList(Shape)
  /// Keys that the author chooses.
  case map(Shape, names: TextForm, atLeast: Int = 0)
  case record(Record)
  /// The first that fits.
  case either([Shape])

  /// One of an enumeration's raw values.
  static func choice<Choice: CaseIterable & RawRepresentable<String>>(of type: Choice.Type) -> Shape {
    .choice(type.allCases.map(\.rawValue))
  }

  static let positive = Shape.integer(1...Int.max)
  static let column = Shape.text(.column)
  static let duration = Shape.text(.duration)

  /// For sentences: `a whole number`.
  var name: String {
    switch self {
    case .text(let form): form.name
    case .integer: "a whole number"
    case .boolean: "true or false"
    case .choice(let words): words.count > 8 ? "one of a list of words" : words.joined(separator: ", ").orLast
    case .value: "a single value"
    case .list: "a list"
    case .oneOrList(let shape): shape.name + " or a list"
    case .map, .record: "a mapping"
    case .either(let shapes): shapes.map(\.name).joined(separator: " or ")
    }
  }

  /// How a value of this shape is written, for hints: `a list, like [a, b]`.
  var form: String {
    switch self {
    case .text(let form): form.example ?? "one text"
    case .integer(let range):
      range.lowerBound == range.upperBound
        ? "\(range.lowerBound)" : "digits only, like \(max(range.lowerBound, 1))"
    case .boolean: name
    case .choice(let words): words.joined(separator: ", ").orLast
    case .value: "one text, number, true or false"
    case .list: "a list: [a, b], or each entry on a line of its own behind `- `"
    case .oneOrList(let shape): shape.form
    case .map: "{name: value}, or each `name: value` on an indented line of its own"
    case .record(let record):
      record.keys.count == 1
        ? "{\(record.keys[0].name): ...}"
        : "a mapping; its keys are " + record.keys.map(\.name).joined(separator: ", ")
    case .either(let shapes): shapes.map(\.form).joined(separator: "; or ")
    }
  }

  /// Of a mapping with one key out of several, each of them as it is written: `truncate`, `{truncate: n}`.
  var keyedForms: [(key: String, text: String)] {
    guard case .record(let record) = self, record.exactlyOne.count == 1,
      record.exactlyOne[0].count == record.keys.count
    else { return [] }
    return record.keys.map { key in
      if case .integer = key.shape { return (key.name, "{\(key.name): n}") }
      return (key.name, "{\(key.name): ...}")
    }
  }
}

/// A mapping whose keys are known.
struct Record: Sendable {
  /// With its article, for sentences: `a source`.
  var name: String
  var keys: [Key]
  /// Of each group exactly one key must be there.
  var exactlyOne: [[String]]
  /// Of each group at least one key must be there.
  var atLeastOne: [[String]]
  /// Of each group at most one key may be there.
  var atMostOne: [[String]]
  /// Words that are kept for later, refused by name until they work.
  var later: [String]
  /// Words that are known from elsewhere, with what to write here instead.
  var advice: [String: String]
  /// What a mapping with none of the keys was probably meant for, and how that is written.
  var otherwise: String?

  struct Key: Sendable {
    var name: String
    var shape: Shape
    var isRequired: Bool
    var summary: String
    /// A line to copy, for who has left it out.
    var example: String?

    /// What the key is, for who has left it out.
    var advice: String {
      guard let example else { return summary }
      return (summary.hasSuffix(".") ? String(summary.dropLast()) : summary) + ": write `\(example)`"
    }
  }

  init(
    _ name: String, _ keys: [Key], exactlyOne: [[String]] = [], atLeastOne: [[String]] = [],
    atMostOne: [[String]] = [], later: [String] = [], advice: [String: String] = [:],
    otherwise: String? = nil
  ) {
    self.name = name
    self.keys = keys
    self.exactlyOne = exactlyOne
    self.atLeastOne = atLeastOne
    self.atMostOne = atMostOne
    self.later = later
    self.advice = advice
    self.otherwise = otherwise
  }
}

extension Record.Key {
  static func optional(
    _ name: String, _ shape: Shape, _ summary: String, example: String? = nil
  ) -> Record.Key {
    Record.Key(name: name, shape: shape, isRequired: false, summary: summary, example: example)
  }

  static func required(
    _ name: String, _ shape: Shape, _ summary: String, example: String? = nil
  ) -> Record.Key {
    Record.Key(name: name, shape: shape, isRequired: true, summary: summary, example: example)
  }
}

extension TextForm {
  /// For sentences.
  var name: String {
    switch self {
    case .free, .template: "a text"
    case .expression: "an expression"
    case .sql: "SQL"
    case .duration: "a length of time"
    case .calendarAmount: "an amount of time"
    case .byteCount: "a size"
    case .percent: "a percentage"
    case .cron: "a cron expression"
    case .timeOfDay: "a time of day"
    case .timestamp: "a time with its offset"
    case .sqlType: "a type"
    case .column: "a column's name"
    case .jobName: "a job's name"
    case .name: "a name"
    }
  }
}

extension String {
  /// `a, b or c` of `a, b, c`.
  fileprivate var orLast: String {
    guard let comma = lastIndex(of: ",") else { return self }
    return self[..<comma] + " or" + self[index(after: comma)...]
  }
}
