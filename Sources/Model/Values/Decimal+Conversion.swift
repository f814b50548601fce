extension Decimal {
  /// The nearest whole number, half away from zero.
  /// - Throws: `RowFault` 22003 beyond bigint, 0A000 for NaN and the infinities.
  package func int64() throws(RowFault) -> Int64 {
    try whole("bigint")
  }

  /// As `int64`, within the range of an integer.
  package func int32() throws(RowFault) -> Int32 {
    try whole("integer")
  }

  /// As `int64`, within the range of a smallint.
  package func int16() throws(RowFault) -> Int16 {
    try whole("smallint")
  }

  private func whole<Integer: FixedWidthInteger>(_ type: String) throws(RowFault) -> Integer {
    if isNaN { throw .cannotConvert("NaN", to: type) }
    if isInfinite { throw .cannotConvert("infinity", to: type) }
    guard case .small(let mantissa, _) = try rounded(toScale: 0).storage,
      let result = Integer(exactly: mantissa)
    else { throw .numericOutOfRange(type) }
    return result
  }

  /// The nearest `Double`, correctly rounded.
  /// - Throws: `RowFault` 22003 beyond its range, towards zero as well.
  package func double() throws(RowFault) -> Double {
    switch storage {
    case .notANumber: return .nan
    case .infinity: return .infinity
    case .negativeInfinity: return -.infinity
    case .small(let mantissa, let scale):
      // Both are exact as doubles, so their one division rounds correctly.
      if mantissa.magnitude < 1 << 53, scale <= 22, let unit = PowersOfTen.int128(Int(scale)) {
        return Double(Int64(mantissa)) / Double(unit)
      }
    case .large: break
    }
    guard let value = Double(description), value.isFinite, value != 0 || isZero else {
      throw .numericOutOfRange("double precision", text: description)
    }
    return value
  }

  /// The nearest `Float`, correctly rounded.
  /// - Throws: `RowFault` 22003 beyond its range, towards zero as well.
  package func float() throws(RowFault) -> Float {
    switch storage {
    case .notANumber: return .nan
    case .infinity: return .infinity
    case .negativeInfinity: return -.infinity
    case .small, .large: break
    }
    guard let value = Float(description), value.isFinite, value != 0 || isZero else {
      throw .numericOutOfRange("real", text: description)
    }
    return value
  }

  /// The number to 15 significant digits, as Postgres casts `double precision` to numeric.
  package init(_ value: Double) throws(RowFault) {
    try self.init(value, significantDigits: 15)
  }

  /// The number to 6 significant digits, as Postgres casts `real` to numeric.
  package init(_ value: Float) throws(RowFault) {
    try self.init(Double(value), significantDigits: 6)
  }

  private init(_ value: Double, significantDigits: Int) throws(RowFault) {
    if value.isNaN {
      self = .notANumber
    } else if value.isInfinite {
      self = value < 0 ? .negativeInfinity : .infinity
    } else if value == 0 {
      self = .zero
    } else {
      let exact = DecimalDigits(exactly: value)
      // The exponent of the first decimal digit.
      let exponent = exact.weight * 4 + String(exact.digits[0]).utf8.count - 1
      let rounded = exact.roundedHalfEven(to: significantDigits - 1 - exponent)
      try self.init(rounded.withLeastScale)
    }
  }
}

extension DecimalDigits {
  /// The exact value of a finite number.
  init(exactly value: Double) {
    let significand = DecimalDigits(mantissa: Int128(value.significandBitPattern), scale: 0)
    let hidden = DecimalDigits(
      mantissa: value.isNormal ? Int128(1) << Int128(Double.significandBitCount) : 0, scale: 0)
    // Subnormal numbers share the least exponent, and lack the hidden bit.
    let exponent = max(Int(value.exponentBitPattern), 1) - 1023 - Double.significandBitCount
    var result = significand.adding(hidden)
    if exponent > 0 {
      result = result.multipliedExactly(by: Self.power(of: 2, exponent))
    } else if exponent < 0 {
      // 2^-n = 5^n / 10^n
      result = result.multipliedExactly(by: Self.power(of: 5, -exponent))
        .multipliedExactly(
          by: DecimalDigits(decimals: [1], exponent: exponent, isNegative: false, scale: -exponent))
    }
    result.isNegative = value < 0
    self = result
  }

  private static func power(of base: Int, _ exponent: Int) -> DecimalDigits {
    var result = DecimalDigits(1)
    var square = DecimalDigits(base)
    var remaining = exponent
    while remaining > 0 {
      if remaining & 1 == 1 { result = result.multipliedExactly(by: square) }
      square = square.multipliedExactly(by: square)
      remaining >>= 1
    }
    return result
  }

  /// Rounds to `scale` decimals, ties to the even digit, as C's `printf` does.
  func roundedHalfEven(to scale: Int) -> DecimalDigits {
    var down = self
    down.truncate(to: scale)
    let unit = DecimalDigits(decimals: [1], exponent: -scale, isNegative: isNegative, scale: max(scale, 0))
    let up = down.adding(unit)
    let order = Self.orderOfMagnitudes(subtracting(down), up.subtracting(self))
    if order != 0 { return order < 0 ? down : up }
    // Halfway: the even neighbour, told by the digit that `scale` ends on.
    let position = (-scale).floorDivided(by: 4)
    let digit = down.digit(at: position) / [1, 10, 100, 1000][(-scale).floorRemainder(dividingBy: 4)]
    return digit % 2 == 0 ? down : up
  }

  /// The same number with no more decimals than it needs.
  var withLeastScale: DecimalDigits {
    var copy = self
    guard let last = digits.last else {
      copy.scale = 0
      return copy
    }
    let lastPosition = weight - (digits.count - 1)
    var trailing = 0
    var rest = last
    while rest % 10 == 0 {
      trailing += 1
      rest /= 10
    }
    copy.scale = max(0, -lastPosition * 4 - trailing)
    return copy
  }
}
