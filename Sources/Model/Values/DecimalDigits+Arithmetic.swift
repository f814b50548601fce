extension DecimalDigits {
  var negated: DecimalDigits {
    var copy = self
    if !isZero { copy.isNegative.toggle() }
    return copy
  }

  package func adding(_ other: DecimalDigits) -> DecimalDigits {
    let scale = max(self.scale, other.scale)
    if isNegative == other.isNegative {
      return Self.sumOfMagnitudes(self, other, isNegative: isNegative, scale: scale)
    }
    let order = Self.orderOfMagnitudes(self, other)
    if order == 0 { return .zero(scale: scale) }
    return order > 0
      ? Self.differenceOfMagnitudes(self, other, isNegative: isNegative, scale: scale)
      : Self.differenceOfMagnitudes(other, self, isNegative: other.isNegative, scale: scale)
  }

  func subtracting(_ other: DecimalDigits) -> DecimalDigits { adding(other.negated) }

  /// The lowest position that either number holds a digit at, and the highest.
  private static func positions(_ left: DecimalDigits, _ right: DecimalDigits) -> ClosedRange<Int> {
    let low = min(left.weight - max(left.digits.count - 1, 0), right.weight - max(right.digits.count - 1, 0))
    return low...max(left.weight, right.weight)
  }

  private static func sumOfMagnitudes(
    _ left: DecimalDigits, _ right: DecimalDigits, isNegative: Bool, scale: Int
  ) -> DecimalDigits {
    let range = positions(left, right)
    var result = [UInt16](repeating: 0, count: range.count + 1)
    var carry = 0
    for (offset, position) in range.enumerated() {
      var digit = left.digit(at: position) + right.digit(at: position) + carry
      carry = digit >= base ? 1 : 0
      digit -= carry * base
      result[range.count - offset] = UInt16(digit)
    }
    result[0] = UInt16(carry)
    return DecimalDigits(digits: result, weight: range.upperBound + 1, isNegative: isNegative, scale: scale)
  }

  /// `left - right`, where left is the larger.
  private static func differenceOfMagnitudes(
    _ left: DecimalDigits, _ right: DecimalDigits, isNegative: Bool, scale: Int
  ) -> DecimalDigits {
    let range = positions(left, right)
    var result = [UInt16](repeating: 0, count: range.count)
    var borrow = 0
    for (offset, position) in range.enumerated() {
      var digit = left.digit(at: position) - right.digit(at: position) - borrow
      borrow = digit < 0 ? 1 : 0
      digit += borrow * base
      result[range.count - 1 - offset] = UInt16(digit)
    }
    return DecimalDigits(digits: result, weight: range.upperBound, isNegative: isNegative, scale: scale)
  }

  /// The product rounded half away from zero to `scale` decimals.
  ///
  /// Exact when `scale` is the sum of both scales. Otherwise it leaves out what stands two digits to the right
  /// of the wanted ones, as Postgres's `mul_var` does, so that series sum up to the very same last digit.
  func multiplied(by other: DecimalDigits, scale: Int) -> DecimalDigits {
    let (short, long) = digits.count <= other.digits.count ? (self, other) : (other, self)
    if short.isZero { return .zero(scale: scale) }
    let resultWeight = short.weight + long.weight + 2
    let guardDigits = 2
    // Division rounds towards zero here as in C, which matters for a scale below -3.
    let wanted = resultWeight + 1 + (scale + 3) / 4 + guardDigits
    let count = min(short.digits.count + long.digits.count + 1, wanted)
    if count < 3 { return .zero(scale: scale) }

    var sums = [Int64](repeating: 0, count: count)
    for i in 0...min(short.digits.count - 1, count - 3) {
      let factor = Int64(short.digits[i])
      if factor == 0 { continue }
      for j in 0..<min(long.digits.count, count - i - 2) {
        sums[i + j + 2] += factor * Int64(long.digits[j])
      }
    }
    var result = [UInt16](repeating: 0, count: count)
    var carry: Int64 = 0
    for index in stride(from: count - 1, through: 0, by: -1) {
      let sum = sums[index] + carry
      carry = sum / Int64(Self.base)
      result[index] = UInt16(sum - carry * Int64(Self.base))
    }
    var product = DecimalDigits(
      digits: result, weight: resultWeight, isNegative: isNegative != other.isNegative,
      scale: short.scale + long.scale)
    product.round(to: scale)
    return product
  }

  package func multipliedExactly(by other: DecimalDigits) -> DecimalDigits {
    multiplied(by: other, scale: scale + other.scale)
  }
}
