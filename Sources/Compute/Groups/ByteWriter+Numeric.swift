import Model

/// Numerics as ordered bytes: a class byte; the decimal exponent, of which the first digit stands right behind
/// the point; the significant digits in pairs, each plus one; a zero. Negative ones are complemented behind the
/// class byte. Trailing zeros are left out, so that 1.1 and 1.10 have one key.
enum NumericKey {
  static let negativeInfinity: UInt8 = 1
  static let negative: UInt8 = 2
  static let zero: UInt8 = 3
  static let positive: UInt8 = 4
  static let infinity: UInt8 = 5
  static let notANumber: UInt8 = 6

  /// Exponents from -63 to 190 take one byte, others five.
  static let exponentBias = 64
  static let farExponentBias = 1 << 30
}

extension ByteWriter {
  func append(numeric column: Column, _ row: Int) {
    if let (mantissa, scale) = column.parts(row) {
      append(mantissa: mantissa, scale: scale)
    } else {
      append(longNumeric: column.decimal(row))
    }
  }

  func append(mantissa: Int128, scale: Int) {
    if mantissa == 0 { return append(NumericKey.zero) }
    append(mantissa < 0 ? NumericKey.negative : NumericKey.positive)
    let start = count
    if let short = UInt64(exactly: mantissa.magnitude) {
      append(digitsOf: short, scale: scale)
    } else {
      append(digitsOf: mantissa.magnitude, scale: scale)
    }
    append(0)
    if mantissa < 0 { complement(from: start) }
  }

  /// Digits least significant first, in pairs; the highest pair may hold one digit only, and is then shifted
  /// so that the first digit of every number is the first of its pair.
  private func append<Number: FixedWidthInteger & UnsignedInteger>(digitsOf magnitude: Number, scale: Int) {
    var rest = magnitude
    var digitCount = 0
    var counter = rest
    while counter >= 10_000 {
      counter /= 10_000
      digitCount += 4
    }
    while counter > 0 {
      counter /= 10
      digitCount += 1
    }
    append(exponent: digitCount - scale)
    var pairs = digitCount / 2
    // An odd number of digits is padded by a zero, which the lowest pair takes.
    var bytes: (UInt64, UInt64, UInt64) = (0, 0, 0)
    let total = (digitCount + 1) / 2
    withUnsafeMutableBytes(of: &bytes) { buffer in
      var index = total
      if digitCount & 1 == 1 {
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        rest = quotient
        index -= 1
        buffer[index] = UInt8(truncatingIfNeeded: digit) * 10 + 1
      }
      while pairs > 0 {
        let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
        rest = quotient
        index -= 1
        pairs -= 1
        buffer[index] = UInt8(truncatingIfNeeded: pair) + 1
      }
      var length = total
      while length > 1, buffer[length - 1] == 1 { length -= 1 }
      for position in 0..<length { append(buffer[position]) }
    }
  }

  private func append(exponent: Int) {
    let near = exponent + NumericKey.exponentBias
    if near > 0 && near < 255 {
      append(UInt8(near))
    } else {
      append(near <= 0 ? 0 : 255)
      append(bigEndian: UInt32(exponent + NumericKey.farExponentBias))
    }
  }

  /// Numbers of more than 38 digits, by their text: rare enough.
  private func append(longNumeric decimal: Decimal) {
    if decimal.isNaN { return append(NumericKey.notANumber) }
    var text: [UInt8] = []
    decimal.appendText(to: &text)
    let isNegative = text.first == UInt8(ascii: "-")
    if decimal.isInfinite {
      return append(isNegative ? NumericKey.negativeInfinity : NumericKey.infinity)
    }
    var digits: [UInt8] = []
    var wholeDigits: Int?
    for byte in text {
      if byte == UInt8(ascii: ".") {
        wholeDigits = digits.count
      } else if byte != UInt8(ascii: "-") {
        digits.append(byte - UInt8(ascii: "0"))
      }
    }
    let leading = digits.prefix { $0 == 0 }.count
    let exponent = (wholeDigits ?? digits.count) - leading
    digits.removeFirst(leading)
    while digits.last == 0 { digits.removeLast() }
    if digits.isEmpty { return append(NumericKey.zero) }
    append(isNegative ? NumericKey.negative : NumericKey.positive)
    let start = count
    append(exponent: exponent)
    for index in stride(from: 0, to: digits.count, by: 2) {
      append(digits[index] * 10 + (index + 1 < digits.count ? digits[index + 1] : 0) + 1)
    }
    append(0)
    if isNegative { complement(from: start) }
  }
}
