package import Model

/// Reads SQL type names: `numeric(18,4)`, `double precision`, `timestamp with time zone`.
package enum TypeNames {
  /// The type that `source` names.
  /// - Throws: `Fault` `unknown_type` or `bad_type`, pointing into the text.
  package static func parse(_ source: SourceText) throws(Fault) -> SQLType {
    var parser = try ExpressionParser(source)
    let type = try parser.typeName()
    guard parser.current.kind == .end else { throw parser.unexpected("the end of the type") }
    return type
  }

  static let simple: [String: SQLType] = [
    "boolean": .boolean, "bool": .boolean,
    "smallint": .smallint, "int2": .smallint,
    "integer": .integer, "int": .integer, "int4": .integer,
    "bigint": .bigint, "int8": .bigint,
    "real": .real, "float4": .real, "float8": .double,
    "text": .text, "name": .name, "date": .date, "interval": .interval, "uuid": .uuid,
    "timestamptz": .timestamptz, "bytea": .bytea, "json": .json, "jsonb": .jsonb,
  ]

  static let composite: Set<String> = [
    "numeric", "decimal", "dec", "float", "double", "varchar", "char", "character", "bpchar", "timestamp",
    "time", "timetz",
  ]

  static let firstWords: Set<String> = composite.union(simple.keys)
}

extension ExpressionParser {
  /// A type name with its modifier.
  mutating func typeName() throws(Fault) -> SQLType {
    let start = current.range.lowerBound
    let name: String
    switch current.kind {
    case .word(let word): name = word
    case .quotedName(let quoted): name = quoted
    default: throw unexpected("a type")
    }
    advance()
    let type = try namedType(name, start)
    if isAt(punctuation: "[") || isAt("array") {
      throw fault(
        "bad_type", "Array types are not taken here", at: start,
        hint: "Let Postgres compute it, under `source.add_columns`")
    }
    return type
  }

  private mutating func namedType(_ name: String, _ start: Int) throws(Fault) -> SQLType {
    if let type = TypeNames.simple[name] {
      if isAt(punctuation: "("), case .number = following.kind {
        throw fault("bad_type", "`\(name)` takes no number in parentheses here", at: start)
      }
      return type
    }
    switch name {
    case "numeric", "decimal", "dec": return .numeric(try numericModifier(start))
    case "float":
      guard let bits = try modifier(1...53, start).first else { return .double }
      return bits <= 24 ? .real : .double
    case "double":
      try expect("precision")
      return .double
    case "varchar": return .varchar(try modifier(1...10_485_760, start).first)
    case "bpchar": return .char(try modifier(1...10_485_760, start).first)
    case "char", "character":
      if take("varying") { return .varchar(try modifier(1...10_485_760, start).first) }
      return .char(try modifier(1...10_485_760, start).first ?? 1)
    case "timestamp":
      if isAt(punctuation: "("), case .number = following.kind {
        throw fault(
          "bad_type", "A timestamp's precision is not taken here", at: start,
          hint: "Write `timestamp`, and `date_trunc('second', x)` to cut")
      }
      if take("with") {
        try zoneWords()
        return .timestamptz
      }
      if isAt("without") {
        advance()
        try zoneWords()
      }
      return .timestamp
    case "time", "timetz":
      throw fault(
        "bad_type", "The type `time` is not taken in expressions", at: start,
        hint: "Let Postgres compute it, under `source.add_columns`")
    default:
      let known = TypeNames.firstWords.sorted()
      throw fault(
        "unknown_type", "There is no type `\(name)` here", at: start,
        hint: DidYouMean.hint(for: name, among: known)
          ?? "Types of the database's own are cast by Postgres, under `source.add_columns`")
    }
  }

  private mutating func zoneWords() throws(Fault) {
    try expect("time")
    try expect("zone")
  }

  private mutating func numericModifier(_ start: Int) throws(Fault) -> SQLType.NumericModifier? {
    let numbers = try modifiers()
    guard let precision = numbers.first else { return nil }
    let scale = numbers.count > 1 ? numbers[1] : 0
    guard numbers.count <= 2, (1...1000).contains(precision), (-1000...1000).contains(scale) else {
      throw fault(
        "bad_type", "`numeric` takes a precision of 1 to 1000 and a scale of -1000 to 1000", at: start)
    }
    return SQLType.NumericModifier(precision: precision, scale: scale)
  }

  private mutating func modifier(_ valid: ClosedRange<Int>, _ start: Int) throws(Fault) -> [Int] {
    let numbers = try modifiers()
    guard numbers.count <= 1, numbers.allSatisfy(valid.contains) else {
      throw fault(
        "bad_type", "The type takes one number from \(valid.lowerBound) to \(valid.upperBound)", at: start)
    }
    return numbers
  }

  private mutating func modifiers() throws(Fault) -> [Int] {
    guard isAt(punctuation: "(") else { return [] }
    advance()
    var numbers: [Int] = []
    repeat {
      var sign = 1
      if case .operation("-") = current.kind {
        sign = -1
        advance()
      }
      guard case .number(let text) = current.kind, let number = Int(text) else {
        throw unexpected("a whole number")
      }
      advance()
      numbers.append(sign * number)
    } while take(punctuation: ",")
    try expect(punctuation: ")")
    return numbers
  }
}
