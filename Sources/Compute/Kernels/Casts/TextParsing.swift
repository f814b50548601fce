internal import Model

/// Reads texts as Postgres's input functions do.
enum TextParsing {
  /// C's `isspace`.
  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

  static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    var (start, end) = (0, bytes.count)
    while start < end && isSpace(bytes[start]) { start += 1 }
    while end > start && isSpace(bytes[end - 1]) { end -= 1 }
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }

  static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  static func integer(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: IntegerRange
  ) throws(RowFault) -> Int64 {
    let number = trimmed(bytes)
    var position = 0
    var isNegative = false
    if let first = number.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      position = 1
    }
    guard position < number.count else { throw .invalidText(range.name, text(bytes)) }
    var value: Int64 = 0
    var overflowed = false
    while position < number.count {
      let digit = number[position] &- UInt8(ascii: "0")
      guard digit < 10 else { throw .invalidText(range.name, text(bytes)) }
      // Counted downwards, since the least number has no positive counterpart.
      let (tenfold, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, tooBigToo) = tenfold.subtractingReportingOverflow(Int64(digit))
      overflowed = overflowed || tooBig || tooBigToo
      value = sum
      position += 1
    }
    if !isNegative {
      let (positive, tooBig) = Int64(0).subtractingReportingOverflow(value)
      overflowed = overflowed || tooBig
      value = positive
    }
    guard !overflowed, range.holds(value) else {
      throw .numericOutOfRange(range.name, text: text(bytes))
    }
    return value
  }

  /// A number of plain digits that fits `Int64`; `nil` for anything else, which `Decimal` then reads.
  static func shortNumeric(_ bytes: UnsafeBufferPointer<UInt8>) -> (mantissa: Int64, scale: Int)? {
    var position = bytes.first == UInt8(ascii: "-") ? 1 : 0
    guard bytes.count > position, bytes.count - position <= 18 else { return nil }
    var mantissa: Int64 = 0
    var scale: Int?
    var digits = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "."), scale == nil {
        scale = 0
      } else {
        let digit = byte &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        mantissa = mantissa * 10 + Int64(digit)
        digits += 1
        if let decimals = scale { scale = decimals + 1 }
      }
      position += 1
    }
    guard digits > 0 else { return nil }
    return (bytes.first == UInt8(ascii: "-") ? -mantissa : mantissa, scale ?? 0)
  }

  static func numeric(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowFault) -> Decimal {
    if let short = shortNumeric(bytes) {
      return Decimal(mantissa: Int128(short.mantissa), scale: short.scale)
    }
    return try Decimal(parsing: text(bytes))
  }

  /// `true yes on 1` and `false no off 0`, or what begins one of them and no other.
  static func boolean(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowFault) -> Bool {
    let word = trimmed(bytes)
    func begins(_ name: StaticString, atLeast least: Int) -> Bool {
      guard word.count >= least, word.count <= name.utf8CodeUnitCount else { return false }
      for index in 0..<word.count where word[index] | 0x20 != name.utf8Start[index] { return false }
      return true
    }
    if word.count == 1, word[0] == UInt8(ascii: "1") { return true }
    if word.count == 1, word[0] == UInt8(ascii: "0") { return false }
    if begins("true", atLeast: 1) || begins("yes", atLeast: 1) || begins("on", atLeast: 2) { return true }
    if begins("false", atLeast: 1) || begins("no", atLeast: 1) || begins("off", atLeast: 2) { return false }
    throw .invalidText("boolean", text(bytes))
  }

  /// 32 hexadecimal digits, with a hyphen allowed after every fourth, perhaps in braces.
  static func uuid(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowFault) -> UInt128 {
    var digits = bytes[...]
    if digits.first == UInt8(ascii: "{") {
      guard digits.last == UInt8(ascii: "}") else { throw .invalidText("uuid", text(bytes)) }
      digits = digits.dropFirst().dropLast()
    }
    var value: UInt128 = 0
    var count = 0
    var mayBeHyphen = false
    for byte in digits {
      if byte == UInt8(ascii: "-") {
        guard mayBeHyphen, count < 32 else { throw .invalidText("uuid", text(bytes)) }
        mayBeHyphen = false
        continue
      }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw .invalidText("uuid", text(bytes))
      }
      guard count < 32 else { throw .invalidText("uuid", text(bytes)) }
      value = value << 4 | UInt128(digit)
      count += 1
      mayBeHyphen = count % 4 == 0
    }
    guard count == 32 else { throw .invalidText("uuid", text(bytes)) }
    return value
  }
}
