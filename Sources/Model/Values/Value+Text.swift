extension Value {
  /// The text that Postgres prints for the value, and reads back as the same value; nil for NULL.
  ///
  /// Moments are printed in UTC; bytes in hexadecimal.
  package var postgresText: String? {
    switch self {
    case .null: nil
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .numeric(let value): value.description
    case .double(let value): PostgresFloat.text(value)
    case .text(let value): value
    case .date(let days): DateValue(days: days).description
    case .timestamp(let microseconds): Timestamp(microseconds: microseconds).description
    case .timestamptz(let microseconds): Timestamp(microseconds: microseconds).text(offset: 0)
    case .interval(let value): value.description
    case .uuid(let value): Self.text(uuid: value)
    case .bytes(let value): Self.text(bytes: value)
    }
  }

  /// The SQL type that the value is of by itself; nil where several share its form.
  package var naturalTypeName: String? {
    switch self {
    case .null, .bytes: nil
    case .boolean: "boolean"
    case .integer: "bigint"
    case .numeric: "numeric"
    case .double: "double precision"
    case .text: "text"
    case .date: "date"
    case .timestamp: "timestamp without time zone"
    case .timestamptz: "timestamp with time zone"
    case .interval: "interval"
    case .uuid: "uuid"
    }
  }

  @usableFromInline
  static let hexadecimalDigits = Array("0123456789abcdef".utf8)

  private static func text(uuid: UInt128) -> String {
    var bytes: [UInt8] = []
    for index in 0..<32 {
      if [8, 12, 16, 20].contains(index) { bytes.append(UInt8(ascii: "-")) }
      bytes.append(hexadecimalDigits[Int(truncatingIfNeeded: uuid >> UInt128(124 - index * 4) & 15)])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func text(bytes: [UInt8]) -> String {
    var text: [UInt8] = Array("\\x".utf8)
    text.reserveCapacity(2 + bytes.count * 2)
    append(hexadecimal: bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends two hexadecimal digits a byte.
  @inlinable
  package static func append(hexadecimal bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    for byte in bytes {
      text.append(hexadecimalDigits[Int(byte >> 4)])
      text.append(hexadecimalDigits[Int(byte & 15)])
    }
  }
}
