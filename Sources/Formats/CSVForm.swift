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
      CSVForm.append(Array(column.name.utf8), to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  func append(_ columns: [Column], _ row: Int, to bytes: inout [UInt8]) {
    for (number, column) in columns.enumerated() {
      if number > 0 { bytes.append(UInt8(ascii: ",")) }
      guard column.isValid(row) else { continue }
      if schema[number].type.isHeldAsText {
        CSVForm.append(column.bytes(row), to: &bytes)
      } else if let array = ArrayForm.postgres(column, row, as: schema[number].type) {
        CSVForm.append(array, to: &bytes)
      } else if let text = column.postgresText(row, as: schema[number].type) {
        bytes.append(contentsOf: text.utf8)
      }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private static func append(_ text: some Collection<UInt8>, to bytes: inout [UInt8]) {
    let needsQuotes =
      text.isEmpty
      || text.contains { byte in
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
          || byte == UInt8(ascii: "\r")
      }
    if !needsQuotes {
      bytes.append(contentsOf: text)
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
