internal import Compute
internal import Model

/// CSV as RFC 4180 has it: a header, commas, CRLF-free lines (`\n`), double quotes where they are
/// needed. Values in Postgres's text forms, arrays too; NULL is an empty field, an empty text is `""`.
struct CSVForm: Sendable {
  private let schema: [ColumnSchema]

  init(_ schema: [ColumnSchema]) {
    self.schema = schema
  }

  var header: [UInt8] {
    var bytes: [UInt8] = []
    for (number, column) in schema.enumerated() {
      if number > 0 { bytes.append(UInt8(ascii: ",")) }
      append(column.name, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  func append(
    _ columns: [Column], _ row: Int, to bytes: inout [UInt8], _ empty: (inout [UInt8]) throws(Fault) -> Void
  ) throws(Fault) {
    for (number, column) in columns.enumerated() {
      if number > 0 { bytes.append(UInt8(ascii: ",")) }
      guard column.isValid(row) else { continue }
      if schema[number].type.isHeldAsText {
        try append(column.bytes(row), to: &bytes, empty)
      } else if column.form == .bytes {
        try append(column, row, schema[number].type, to: &bytes, empty)
      } else if let text = column.postgresText(row, as: schema[number].type) {
        append(text, to: &bytes)
      }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Appends an array, or bytes in hexadecimal.
  private func append<Failure: Error>(
    _ column: Column, _ row: Int, _ type: SQLType, to bytes: inout [UInt8],
    _ empty: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    guard let array = ArrayForm.postgres(column, row, as: type) else {
      bytes.append(contentsOf: "\\x".utf8)
      return try FileEncoder.append(hexadecimal: column.bytes(row), to: &bytes, empty)
    }
    try array.withUnsafeBufferPointer { text throws(Failure) in try append(text, to: &bytes, empty) }
  }

  private func append(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { append($0, to: &bytes) { _ in } }
  }

  private func append<Failure: Error>(
    _ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8],
    _ empty: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    // Alone on a line this would end what COPY reads.
    let isEnd = schema.count == 1 && text.elementsEqual("\\.".utf8)
    let needsQuotes =
      text.isEmpty || isEnd
      || text.contains { byte in
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
          || byte == UInt8(ascii: "\r")
      }
    if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
    try FileEncoder.forEachPart(of: text, to: &bytes, empty) { part, bytes in
      guard needsQuotes else { return bytes.append(contentsOf: part) }
      for byte in part {
        if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        bytes.append(byte)
      }
    }
    if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
  }
}
