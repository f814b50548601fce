import Model

/// Builds COPY BINARY streams for tests, field by field.
struct CopyStream {
  private(set) var bytes: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)

  /// A row of fields in binary form; `nil` for NULL.
  mutating func row(_ fields: [[UInt8]?]) {
    append(UInt16(fields.count))
    for field in fields {
      guard let field else {
        append(Int32(-1))
        continue
      }
      append(Int32(field.count))
      bytes += field
    }
  }

  mutating func end() { append(UInt16.max) }

  private mutating func append<Number: FixedWidthInteger>(_ value: Number) { bytes += Self.field(value) }

  static func field<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  static func numeric(_ text: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try Decimal(parsing: text).appendBinary(to: &bytes)
    return bytes
  }

  static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
}
