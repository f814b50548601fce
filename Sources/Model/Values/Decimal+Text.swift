extension Decimal: CustomStringConvertible {
  /// Reads what Postgres's `numeric_in` reads: blanks around, a sign, decimals, an exponent, NaN, Infinity, inf.
  /// - Throws: `RowFault` 22P02 where it is no number, 22003 where numeric cannot hold it.
  package init(parsing text: String) throws(RowFault) {
    var scanner = ByteScanner(text)
    scanner.skipBlanks()
    let special: [(String, Storage)] = [
      ("nan", .notANumber), ("infinity", .infinity), ("+infinity", .infinity),
      ("-infinity", .negativeInfinity), ("inf", .infinity), ("+inf", .infinity),
      ("-inf", .negativeInfinity),
    ]
    if let first = scanner.peek, !(ByteScanner.isDigit(first)) {
      for (name, storage) in special where scanner.skip(ignoringCase: name) {
        scanner.skipBlanks()
        guard scanner.isAtEnd else { throw .invalidText("numeric", text) }
        self.init(storage: storage)
        return
      }
    }
    guard let number = Self.scanNumber(&scanner) else { throw .invalidText("numeric", text) }
    scanner.skipBlanks()
    guard scanner.isAtEnd else { throw .invalidText("numeric", text) }
    // Beyond this the digits would not fit; the check also keeps the arithmetic below from overflowing.
    guard abs(number.exponent) < Int(Int32.max / 2) else { throw .numericOverflow }
    try self.init(number)
  }

  private struct ScannedNumber {
    var isNegative = false
    var digits: [UInt8] = []
    var digitsAfterPoint = 0
    var exponent = 0
  }

  /// Scans sign, digits, point and exponent; nil where Postgres would call it invalid.
  private static func scanNumber(_ scanner: inout ByteScanner) -> ScannedNumber? {
    var number = ScannedNumber()
    if let sign = scanner.skip(anyOf: "+-") { number.isNegative = sign == UInt8(ascii: "-") }
    var hasPoint = scanner.skip(anyOf: ".") != nil
    guard let first = scanner.peek, ByteScanner.isDigit(first) else { return nil }
    while let byte = scanner.peek {
      if ByteScanner.isDigit(byte) {
        number.digits.append(byte - UInt8(ascii: "0"))
        if hasPoint { number.digitsAfterPoint += 1 }
      } else if byte == UInt8(ascii: ".") {
        if hasPoint { return nil }
        hasPoint = true
      } else {
        break
      }
      scanner.advance()
    }
    if scanner.skip(anyOf: "eE") != nil {
      // strtol, which Postgres calls here, skips blanks before the exponent.
      scanner.skipBlanks()
      let sign = scanner.skip(anyOf: "+-")
      guard let exponent = scanner.scanClampedInteger() else { return nil }
      number.exponent = sign == UInt8(ascii: "-") ? -exponent : exponent
    }
    return number
  }

  private init(_ number: ScannedNumber) throws(RowFault) {
    let scale = max(0, number.digitsAfterPoint - number.exponent)
    guard scale <= Self.maximumScale else { throw .numericOverflow }
    // Zeros to append so that the digits, read as an integer, are the mantissa for `scale`.
    let zeros = scale - (number.digitsAfterPoint - number.exponent)
    let significant = number.digits.drop { $0 == 0 }
    if significant.isEmpty {
      self.init(storage: .small(0, scale: Int32(scale)))
      return
    }
    guard significant.count + zeros - scale <= (Self.maximumWeight + 1) * 4 else { throw .numericOverflow }
    if significant.count + zeros <= 38 {
      var mantissa: Int128 = 0
      if significant.count <= 18 {
        var low: Int64 = 0
        for digit in significant { low = low * 10 + Int64(digit) }
        mantissa = Int128(low)
      } else {
        for digit in significant { mantissa = mantissa * 10 + Int128(digit) }
      }
      if zeros > 0, let unit = PowersOfTen.int128(zeros) { mantissa *= unit }
      self.init(storage: .small(number.isNegative ? -mantissa : mantissa, scale: Int32(scale)))
      return
    }
    try self.init(
      DecimalDigits(
        decimals: Array(significant), exponent: zeros - scale, isNegative: number.isNegative, scale: scale))
  }

  /// The text that Postgres prints.
  package var description: String {
    var bytes: [UInt8] = []
    appendText(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the text that Postgres prints, in ASCII.
  package func appendText(to bytes: inout [UInt8]) {
    switch storage {
    case .small(let mantissa, let scale): Self.append(mantissa, scale: Int(scale), to: &bytes)
    case .large(let digits): digits.appendText(to: &bytes)
    case .notANumber: bytes.append(contentsOf: "NaN".utf8)
    case .infinity: bytes.append(contentsOf: "Infinity".utf8)
    case .negativeInfinity: bytes.append(contentsOf: "-Infinity".utf8)
    }
  }

  private static func append(_ mantissa: Int128, scale: Int, to bytes: inout [UInt8]) {
    if mantissa < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    var rest = mantissa.magnitude
    while rest > UInt128(UInt64.max) {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
      var low = UInt64(remainder)
      for _ in 0..<18 {
        bytes.append(UInt8(ascii: "0") + UInt8(low % 10))
        low /= 10
      }
      rest = quotient
    }
    var low = UInt64(rest)
    while low > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(low % 10))
      low /= 10
    }
    while bytes.count - start <= scale { bytes.append(UInt8(ascii: "0")) }
    bytes[start...].reverse()
    if scale > 0 { bytes.insert(UInt8(ascii: "."), at: bytes.count - scale) }
  }
}

extension DecimalDigits {
  /// The number whose decimal digits, times `10^exponent`, are given.
  init(decimals: [UInt8], exponent: Int, isNegative: Bool, scale: Int) {
    // Pad on the right until the exponent is a whole number of base-10,000 digits.
    let padding = ((exponent % 4) + 4) % 4
    let total = decimals.count + padding
    let lastWeight = (exponent - padding) / 4
    let count = (total + 3) / 4
    var digits = [UInt16](repeating: 0, count: count)
    let offset = count * 4 - total
    for (index, decimal) in decimals.enumerated() {
      let place = index + offset
      digits[place / 4] += UInt16(decimal) * [1000, 100, 10, 1][place % 4]
    }
    self.init(digits: digits, weight: lastWeight + count - 1, isNegative: isNegative, scale: scale)
  }

  /// Reads what `appendText` has written, of any length; nil for any other text.
  package init?(text: some Collection<UInt8>) {
    let isNegative = text.first == UInt8(ascii: "-")
    var decimals: [UInt8] = []
    var scale: Int?
    for byte in text.dropFirst(isNegative ? 1 : 0) {
      if ByteScanner.isDigit(byte) {
        decimals.append(byte - UInt8(ascii: "0"))
        scale? += 1
      } else if byte == UInt8(ascii: "."), scale == nil {
        scale = 0
      } else {
        return nil
      }
    }
    if decimals.isEmpty { return nil }
    let decimalsAfterPoint = scale ?? 0
    self.init(
      decimals: decimals, exponent: -decimalsAfterPoint, isNegative: isNegative, scale: decimalsAfterPoint)
  }

  package func appendText(to bytes: inout [UInt8]) {
    if isNegative { bytes.append(UInt8(ascii: "-")) }
    func append(_ digit: Int, decimals: Int) {
      var unit = 1000
      for _ in 0..<decimals {
        bytes.append(UInt8(ascii: "0") + UInt8(digit / unit % 10))
        unit /= 10
      }
    }
    if weight < 0 || isZero {
      bytes.append(UInt8(ascii: "0"))
    } else {
      bytes.append(contentsOf: String(digit(at: weight)).utf8)
      for position in stride(from: weight - 1, through: 0, by: -1) {
        append(digit(at: position), decimals: 4)
      }
    }
    guard scale > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    for position in 0..<(scale + 3) / 4 {
      append(digit(at: -1 - position), decimals: min(4, scale - position * 4))
    }
  }
}
