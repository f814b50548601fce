package import Model

/// Reads a literal's text as a type's input function would.
package enum LiteralReader {
  /// The value of `text` as `type`, its modifier applied as an explicit cast does. `nil` where only the run
  /// can read it: a `timestamptz` depends on the job's time zone, and zones by name are the run's to know.
  /// - Throws: the `RowFault` that Postgres would raise.
  package static func read(_ text: String, as type: SQLType) throws(RowFault) -> Value? {
    switch type {
    case .boolean:
      guard let value = boolean(text) else { throw .invalidText("boolean", text) }
      return .boolean(value)
    case .smallint, .integer, .bigint: return .integer(try integer(text, type))
    case .numeric(let modifier):
      let value = try Decimal(parsing: text)
      guard let modifier else { return .numeric(value) }
      return .numeric(try value.fitted(precision: modifier.precision, scale: modifier.scale))
    case .double: return .double(try PostgresFloat.double(parsing: text))
    case .real: return .double(Double(try PostgresFloat.float(parsing: text)))
    case .text, .varchar, .char, .name, .enumeration: return .text(fitted(text, to: type))
    case .date:
      return try unlessInNamedZone { () throws(RowFault) in .date(try DateValue(parsing: text).days) }
    case .timestamp:
      return try unlessInNamedZone { () throws(RowFault) in
        .timestamp(try Timestamp(parsing: text).microseconds)
      }
    case .timestamptz:
      // Faults where no time zone could make a moment of it.
      _ = try unlessInNamedZone { () throws(RowFault) in
        .timestamptz(try Timestamp(parsingMoment: text, zones: .utc).microseconds)
      }
      return nil
    case .interval: return .interval(try CalendarInterval(parsing: text))
    case .uuid:
      guard let value = uuid(text) else { throw .invalidText("uuid", text) }
      return .uuid(value)
    case .bytea, .json, .jsonb, .opaque: return nil
    }
  }

  /// `nil` for a text with a zone by name.
  private static func unlessInNamedZone(_ read: () throws(RowFault) -> Value) throws(RowFault) -> Value? {
    do {
      return try read()
    } catch  where error.sqlState != RowFault.unknownZone("").sqlState {
      throw error
    } catch {
      return nil
    }
  }

  /// 32 hexadecimal digits, perhaps in braces, perhaps with a hyphen behind any group of four.
  private static func uuid(_ text: String) -> UInt128? {
    var bytes = Array(text.utf8)[...]
    if bytes.first == UInt8(ascii: "{") {
      guard bytes.last == UInt8(ascii: "}") else { return nil }
      bytes = bytes.dropFirst().dropLast()
    }
    var value: UInt128 = 0
    var count = 0
    var isBehindHyphen = false
    for byte in bytes {
      if byte == UInt8(ascii: "-"), count > 0, count < 32, count % 4 == 0, !isBehindHyphen {
        isBehindHyphen = true
        continue
      }
      isBehindHyphen = false
      guard count < 32, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt128(digit)
      count += 1
    }
    return count == 32 ? value : nil
  }

  /// `text` cut, padded or left as an explicit cast to `type` leaves it.
  static func fitted(_ text: String, to type: SQLType) -> String {
    switch type {
    case .varchar(let length?): return prefix(text, length)
    case .char(let length?):
      let scalars = text.unicodeScalars
      if scalars.count >= length { return prefix(text, length) }
      return text + String(repeating: " ", count: length - scalars.count)
    case .name:
      var end = text.utf8.index(text.startIndex, offsetBy: 63, limitedBy: text.endIndex) ?? text.endIndex
      while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
      return String(text[..<end])
    default: return text
    }
  }

  private static func prefix(_ text: String, _ length: Int) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text.unicodeScalars.prefix(length))
    return String(view)
  }

  private static func trimmed(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, SQLScanner.isSpace(first) { bytes.removeFirst() }
    while let last = bytes.last, SQLScanner.isSpace(last) { bytes.removeLast() }
    return Array(bytes)
  }

  private static func boolean(_ text: String) -> Bool? {
    let word = ExpressionLexer.folded(trimmed(text))
    if word.isEmpty { return nil }
    if "true".hasPrefix(word) || "yes".hasPrefix(word) || word == "on" || word == "1" { return true }
    if "false".hasPrefix(word) || "no".hasPrefix(word) || word == "of" || word == "off" || word == "0" {
      return false
    }
    return nil
  }

  private static func integer(_ text: String, _ type: SQLType) throws(RowFault) -> Int64 {
    let bytes = trimmed(text)
    let digits =
      bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
    guard !digits.isEmpty, digits.allSatisfy(SQLScanner.isDigit) else {
      throw .invalidText(type.sqlName, text)
    }
    guard let value = Int64(String(decoding: bytes, as: UTF8.self)), range(type).contains(value) else {
      throw .numericOutOfRange(type.sqlName, text: text)
    }
    return value
  }

  /// What an integer type holds.
  static func range(_ type: SQLType) -> ClosedRange<Int64> {
    switch type {
    case .smallint: Int64(Int16.min)...Int64(Int16.max)
    case .integer: Int64(Int32.min)...Int64(Int32.max)
    default: .min ... .max
    }
  }
}
