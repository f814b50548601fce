internal import Model

/// Writes down single fetched rows: their key, and all of them as JSON, without sensitive columns.
struct RowRecord {
  private let schema: [ColumnSchema]
  private let columns: [Column]
  private let rowKey: [Int]

  init(schema: [ColumnSchema], columns: [Column], rowKey: [Int]) {
    self.schema = schema
    self.columns = columns
    self.rowKey = rowKey.filter { !schema[$0].isSensitive }
  }

  func key(_ row: Int) -> [Rejection.NamedText] {
    rowKey.map { number in
      Rejection.NamedText(
        name: schema[number].name, text: columns[number].postgresText(row, as: schema[number].type))
    }
  }

  /// `The row with id = 7`, as a sentence begins.
  /// - Parameter ordinal: its position in the chunk, which names a row without a key.
  func name(_ row: Int, ordinal: Int64) -> String {
    let key = key(row).map { "\($0.name) = \($0.text ?? "NULL")" }.joined(separator: ", ")
    return key.isEmpty ? "Row \(ordinal) of the chunk" : "The row with \(key)"
  }

  /// A JSON object whose numbers are written as Postgres prints them, digit for digit; what JSON has no form
  /// for is a string of Postgres's text.
  func json(_ row: Int) -> String {
    var members: [JSONValue.Member] = []
    for (column, schema) in zip(columns, schema) where !schema.isSensitive {
      members.append(JSONValue.Member(schema.name, Self.json(column, row, schema.type)))
    }
    return JSONValue.object(members).text
  }

  private static func json(_ column: Column, _ row: Int, _ type: SQLType) -> JSONValue {
    guard let text = column.postgresText(row, as: type) else { return .null }
    // Of bytes there may be many: no second copy is made to ask what they are.
    if column.form == .bytes { return .string(text) }
    switch column.value(at: row) {
    case .boolean(let value): return .boolean(value)
    case .integer: return .number(text)
    case .numeric(let value) where value.isFinite: return .number(text)
    case .double(let value) where value.isFinite: return .number(text)
    default: return .string(text)
    }
  }
}

/// Single values as text, for rejected rows and faults.
enum ValueText {
  /// `name = text, ...` of the given columns; those that are sensitive are named only.
  static func list(_ numbers: [Int], _ schema: [ColumnSchema], _ columns: [Column], _ row: Int) -> String {
    numbers.map { number in
      let name = schema[number].name
      guard !schema[number].isSensitive else { return "\(name) = (not shown)" }
      guard let text = columns[number].postgresText(row, as: schema[number].type) else {
        return "\(name) = NULL"
      }
      let shown = text.count > 200 ? text.prefix(200) + "..." : text
      // Blanks at a text's ends are seen between quotes only.
      return columns[number].form == .bytes ? "\(name) = '\(shown)'" : "\(name) = \(shown)"
    }.joined(separator: ", ")
  }
}
