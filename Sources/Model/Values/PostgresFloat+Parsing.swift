extension PostgresFloat {
  /// Reads what Postgres's `float8in` reads: blanks around, NaN, Infinity, inf, decimal and hexadecimal digits.
  /// - Throws: `RowFault` 22P02 where it is no number, 22003 where it is too large or too close to zero.
  package static func double(parsing text: String) throws(RowFault) -> Double {
    let body = try body(of: text, type: "double precision")
    if let special = special(body) { return special }
    guard let value = Double(body) else { throw .invalidText("double precision", text) }
    if value.isInfinite || (value == 0 && hasSignificantDigit(body)) {
      throw .numericOutOfRange("double precision", text: text)
    }
    return value
  }

  /// Reads what Postgres's `float4in` reads; see `double(parsing:)`.
  package static func float(parsing text: String) throws(RowFault) -> Float {
    let body = try body(of: text, type: "real")
    if let special = special(body) { return Float(special) }
    guard let value = Float(body) else { throw .invalidText("real", text) }
    if value.isInfinite || (value == 0 && hasSignificantDigit(body)) {
      throw .numericOutOfRange("real", text: text)
    }
    return value
  }

  /// The text without the blanks around it, checked to be of characters that a number has.
  private static func body(of text: String, type: String) throws(RowFault) -> String {
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, ByteScanner.isBlank(first) { bytes.removeFirst() }
    while let last = bytes.last, ByteScanner.isBlank(last) { bytes.removeLast() }
    guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw .invalidText(type, text)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func special(_ body: String) -> Double? {
    switch body.lowercased() {
    case "nan", "+nan", "-nan": .nan
    case "inf", "+inf", "infinity", "+infinity": .infinity
    case "-inf", "-infinity": -.infinity
    default: nil
    }
  }

  /// True where a digit other than zero stands before the exponent.
  private static func hasSignificantDigit(_ body: String) -> Bool {
    let lowered = body.lowercased()
    let isHexadecimal = lowered.contains("0x")
    let mantissa = lowered.prefix { $0 != (isHexadecimal ? "p" : "e") }
    return mantissa.contains { $0.isHexDigit && $0 != "0" }
  }
}
