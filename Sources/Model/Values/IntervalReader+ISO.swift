extension IntervalReader {
  /// Reads the ISO 8601 forms: `P1Y2M3DT4H5M6.7S`, `P0001-02-03T04:05:06`, `P00010203T040506`.
  ///
  /// Source: `DecodeISO8601Interval` of Postgres's `datetime.c`.
  mutating func readISO(_ text: String) throws(DateTimeFailure) {
    var scanner = ByteScanner(text)
    guard text.utf8.count >= 2, scanner.skip(anyOf: "P") != nil else { throw .badFormat }
    var isTime = false
    var hasField = false
    while !scanner.isAtEnd {
      if scanner.skip(anyOf: "T") != nil {
        isTime = true
        hasField = false
        continue
      }
      let number = try Self.number(&scanner)
      let unit = scanner.peek
      if unit != nil { scanner.advance() }
      switch (isTime, unit) {
      case (false, UInt8(ascii: "Y")): try add(number.whole, number.fraction, .year)
      case (false, UInt8(ascii: "M")): try add(number.whole, number.fraction, .month)
      case (false, UInt8(ascii: "W")): try add(number.whole, number.fraction, .week)
      case (false, UInt8(ascii: "D")): try add(number.whole, number.fraction, .day)
      case (true, UInt8(ascii: "H")): try add(number.whole, number.fraction, .hour)
      case (true, UInt8(ascii: "M")): try add(number.whole, number.fraction, .minute)
      case (true, UInt8(ascii: "S")): try add(number.whole, number.fraction, .second)
      case (false, nil), (false, UInt8(ascii: "T")), (false, UInt8(ascii: "-")):
        let isBasic = number.digits == 8 && !hasField && unit != UInt8(ascii: "-")
        guard isBasic || !hasField else { throw .badFormat }
        if isBasic {
          try add(number.whole / 10_000, 0, .year)
          try add(number.whole / 100 % 100, 0, .month)
          try add(number.whole % 100, number.fraction, .day)
        } else {
          try add(number.whole, number.fraction, .year)
          if unit == UInt8(ascii: "-") {
            guard try readDateTail(&scanner) else { return }
          }
        }
        guard unit != nil else { return }
        isTime = true
        hasField = false
        continue
      case (true, nil), (true, UInt8(ascii: ":")):
        if number.digits == 6 && !hasField && unit == nil {
          try add(number.whole / 10_000, 0, .hour)
          try add(number.whole / 100 % 100, 0, .minute)
          try add(number.whole % 100, 0, .second)
          try addFraction(number.fraction, 1)
          return
        }
        guard !hasField else { throw .badFormat }
        try add(number.whole, number.fraction, .hour)
        guard unit != nil else { return }
        for part in [DateTimePart.minute, .second] {
          let next = try Self.number(&scanner)
          try add(next.whole, next.fraction, part)
          if scanner.isAtEnd { return }
          guard part == .minute, scanner.skip(anyOf: ":") != nil else { throw .badFormat }
        }
      default: throw .badFormat
      }
      hasField = true
    }
  }

  /// Reads `02-03` after a year; true where a time follows.
  private mutating func readDateTail(_ scanner: inout ByteScanner) throws(DateTimeFailure) -> Bool {
    for part in [DateTimePart.month, .day] {
      let number = try Self.number(&scanner)
      try add(number.whole, number.fraction, part)
      if scanner.isAtEnd { return false }
      if scanner.skip(anyOf: "T") != nil { return true }
      guard part == .month, scanner.skip(anyOf: "-") != nil else { throw .badFormat }
    }
    throw .badFormat
  }

  /// A number as the C library's `strtod` reads it, in its whole part and its fraction, and the number of
  /// digits that it begins with.
  private static func number(
    _ scanner: inout ByteScanner
  ) throws(DateTimeFailure) -> (whole: Int64, fraction: Double, digits: Int) {
    var text: [UInt8] = []
    if scanner.skip(anyOf: "-") != nil { text.append(UInt8(ascii: "-")) }
    let digits = scanner.take(while: ByteScanner.isDigit)
    // Swift's reader wants a digit before the point.
    text += digits.isEmpty ? [UInt8(ascii: "0")] : digits
    var fractionDigits = 0
    if scanner.skip(anyOf: ".") != nil {
      let fraction = scanner.take(while: ByteScanner.isDigit)
      fractionDigits = fraction.count
      if !fraction.isEmpty { text += [UInt8(ascii: ".")] + fraction }
    }
    guard digits.count + fractionDigits > 0 else { throw .badFormat }
    var ahead = scanner
    if ahead.skip(anyOf: "eE") != nil {
      let sign = ahead.skip(anyOf: "+-")
      let exponent = ahead.take(while: ByteScanner.isDigit)
      if !exponent.isEmpty {
        text += [UInt8(ascii: "e")] + (sign.map { [$0] } ?? []) + exponent
        scanner = ahead
      }
    }
    guard let value = Double(String(decoding: text, as: UTF8.self)) else { throw .badFormat }
    guard value.isFinite else { throw .badFormat }
    guard abs(value) <= 1e15 else { throw .fieldOverflow }
    let whole = value.rounded(.towardZero)
    return (Int64(whole), value - whole, digits.count)
  }
}
