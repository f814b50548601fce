internal import Compute
internal import Model

/// One JSON object a line. Numbers are written with all their digits; NaN and the infinities as
/// strings, since JSON has no numeral for them; times in ISO 8601; arrays as arrays; `json` columns as they are.
struct JSONLinesForm: Sendable {
  private let schema: [ColumnSchema]
  /// `{"name":` and `,"name":` of each column.
  private let labels: [[UInt8]]

  init(_ schema: [ColumnSchema]) {
    self.schema = schema
    labels = schema.enumerated().map { number, column in
      var label = number == 0 ? "{" : ","
      JSONValue.writeString(column.name, to: &label)
      return Array((label + ":").utf8)
    }
  }

  func append(
    _ columns: [Column], _ row: Int, to bytes: inout [UInt8], _ empty: (inout [UInt8]) throws(Fault) -> Void
  ) throws(Fault) {
    if columns.isEmpty { bytes.append(UInt8(ascii: "{")) }
    for (number, column) in columns.enumerated() {
      bytes.append(contentsOf: labels[number])
      try append(column, row, schema[number].type, to: &bytes, empty)
    }
    bytes.append(contentsOf: "}\n".utf8)
  }

  private func append<Failure: Error>(
    _ column: Column, _ row: Int, _ type: SQLType, to bytes: inout [UInt8],
    _ empty: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    guard column.isValid(row) else { return bytes.append(contentsOf: "null".utf8) }
    guard type.isHeldAsText else {
      guard column.form == .bytes else { return appendShort(column, row, type, to: &bytes) }
      return try appendCarried(column, row, type, to: &bytes, empty)
    }
    let isString = type != .json && type != .jsonb
    if isString { bytes.append(UInt8(ascii: "\"")) }
    try FileEncoder.forEachPart(of: column.bytes(row), to: &bytes, empty) {
      JSONLinesForm.append($0, isString: isString, to: &$1)
    }
    if isString { bytes.append(UInt8(ascii: "\"")) }
  }

  /// Appends a part of a text, of a string or of a `json` value.
  private static func append(
    _ part: UnsafeBufferPointer<UInt8>, isString: Bool, to bytes: inout [UInt8]
  ) {
    if isString {
      var escaped = ""
      JSONValue.writeEscaped(String(decoding: part, as: UTF8.self), to: &escaped)
      bytes.append(contentsOf: escaped.utf8)
    } else {
      // A json value may hold line breaks between its tokens, which would end the line.
      bytes.append(contentsOf: part.lazy.map { $0 == UInt8(ascii: "\n") || $0 == 0x0D ? 0x20 : $0 })
    }
  }

  /// Appends an array, or bytes in hexadecimal.
  private func appendCarried<Failure: Error>(
    _ column: Column, _ row: Int, _ type: SQLType, to bytes: inout [UInt8],
    _ empty: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    let isArray = ArrayForm.append(
      column, row, as: type, open: UInt8(ascii: "["), close: UInt8(ascii: "]"), to: &bytes
    ) { self.append($0, 0, $1, to: &$2) { _ in } }
    if isArray { return }
    bytes.append(contentsOf: "\"\\\\x".utf8)
    try FileEncoder.append(hexadecimal: column.bytes(row), to: &bytes, empty)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends a value that is neither NULL nor of many bytes.
  private func appendShort(_ column: Column, _ row: Int, _ type: SQLType, to bytes: inout [UInt8]) {
    if type == .boolean {
      return bytes.append(contentsOf: (column.integers[row] != 0 ? "true" : "false").utf8)
    }
    let text = column.postgresText(row, as: type) ?? ""
    if type.isNumber, text.utf8.allSatisfy({ $0 != UInt8(ascii: "N") && $0 != UInt8(ascii: "I") }) {
      bytes.append(contentsOf: text.utf8)
      return
    }
    let isTime = type == .timestamp || type == .timestamptz
    appendString(isTime ? JSONLinesForm.iso(text) : text, to: &bytes)
  }

  private func appendString(_ text: String, to bytes: inout [UInt8]) {
    var quoted = ""
    JSONValue.writeString(text, to: &quoted)
    bytes.append(contentsOf: quoted.utf8)
  }

  /// `2026-03-14 02:00:00+01` with a `T`, and minutes in the offset; years before the first with ` BC` behind it, as
  /// Postgres's own JSON has them.
  private static func iso(_ text: String) -> String {
    var parts = text.split(separator: " ").map(String.init)
    guard parts.count >= 2 else { return text }
    let era = parts.count == 3 ? " " + parts.removeLast() : ""
    if let sign = parts[1].lastIndex(where: { $0 == "+" || $0 == "-" }),
      parts[1].distance(from: sign, to: parts[1].endIndex) == 3
    {
      parts[1] += ":00"
    }
    return parts.joined(separator: "T") + era
  }
}
