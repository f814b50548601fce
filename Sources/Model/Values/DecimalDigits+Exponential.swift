/// The series behind exponentials, logarithms and powers: `exp_var`, `ln_var`, `power_var` and `power_var_int`
/// of Postgres 15's `numeric.c`, with the same working scales.
extension DecimalDigits {
  static let log10OfE = 0.434294481903252
  static let log10Of2 = 0.301029995663981
  /// Postgres's NUMERIC_MAX_RESULT_SCALE.
  static let maximumResultScale = 2 * Decimal.maximumComputedScale

  /// True for an odd whole number.
  var isOdd: Bool { digits.count == weight + 1 && (digits.last ?? 0) % 2 == 1 }

  func exponential(scale: Int) throws(RowFault) -> DecimalDigits {
    var value = approximation
    if abs(value) >= Double(Self.maximumResultScale * 3) {
      if value > 0 { throw .numericOverflow }
      return .zero(scale: scale)
    }
    let resultWeight = Int(value * Self.log10OfE)

    // Halve x until it lies within -0.01...0.01, where the Taylor series converges fast.
    var x = self
    var halvings = 0
    while abs(value) > 0.01 {
      halvings += 1
      value /= 2
    }
    if halvings > 0 { x = x.divided(by: DecimalDigits(1 << halvings), scale: x.scale + halvings) }
    let significant = max(1 + resultWeight + scale + Int(Double(halvings) * Self.log10Of2), 0) + 8
    let workingScale = significant - 1

    var result = DecimalDigits(1).adding(x)
    var term = x.multiplied(by: x, scale: workingScale).divided(by: DecimalDigits(2), scale: workingScale)
    var n = 2
    while !term.isZero {
      result = result.adding(term)
      n += 1
      term = term.multiplied(by: x, scale: workingScale).divided(by: DecimalDigits(n), scale: workingScale)
    }
    for _ in 0..<halvings {
      result = result.multiplied(by: result, scale: max(significant - result.weight * 8, 0))
    }
    result.round(to: scale)
    return result
  }

  func naturalLogarithm(scale: Int) throws(RowFault) -> DecimalDigits {
    if isZero { throw .logarithmOfZero }
    if isNegative { throw .logarithmOfNegative }
    let one = DecimalDigits(1)
    let two = DecimalDigits(2)
    let low = DecimalDigits(mantissa: 9, scale: 1)
    let high = DecimalDigits(mantissa: 11, scale: 1)

    // Take roots until x lies within 0.9...1.1; each root halves the logarithm.
    var x = self
    var factor = two
    var roots = 0
    while Self.order(x, low) <= 0 || Self.order(x, high) >= 0 {
      x = x.squareRoot(scale: scale - x.weight * 4 / 2 + 8)
      factor = factor.multiplied(by: two, scale: 0)
      roots += 1
    }

    // ln(x) = 2 (z + z^3/3 + z^5/5 + ...), z = (x-1)/(x+1)
    let workingScale = scale + Int(Double(roots + 1) * Self.log10Of2) + 8
    var result = x.subtracting(one).dividedByEstimating(x.adding(one), scale: workingScale)
    var power = result
    let square = result.multiplied(by: result, scale: workingScale)
    var n = 1
    while true {
      n += 2
      power = power.multiplied(by: square, scale: workingScale)
      let term = power.divided(by: DecimalDigits(n), scale: workingScale)
      if term.isZero { break }
      result = result.adding(term)
      if term.weight < result.weight - workingScale * 2 / 4 { break }
    }
    return result.multiplied(by: factor, scale: scale)
  }

  /// To a power that is no 32-bit integer, for a number other than zero, positive unless the power is whole.
  func power(_ exponent: DecimalDigits) throws(RowFault) -> DecimalDigits {
    var base = self
    base.isNegative = false
    let logarithmWeight = base.logarithmWeight
    let estimateScale = max(8 - logarithmWeight, 0)
    var estimate = try base.naturalLogarithm(scale: estimateScale)
      .multiplied(by: exponent, scale: estimateScale).approximation
    if abs(estimate) > Double(Self.maximumResultScale) * 3.01 {
      if estimate > 0 { throw .numericOverflow }
      return .zero(scale: Decimal.maximumComputedScale)
    }
    estimate *= Self.log10OfE
    let scale = Self.resultScale(
      significant: Decimal.significantDigits - Int(estimate), base.scale, exponent.scale)
    let significant = max(scale + Int(estimate), 0)
    let workingScale = max(significant - logarithmWeight + 8, 0)
    var result = try base.naturalLogarithm(scale: workingScale)
      .multiplied(by: exponent, scale: workingScale).exponential(scale: scale)
    if isNegative && exponent.isOdd && !result.isZero { result.isNegative = true }
    return result
  }

  /// To a whole power, by repeated squaring.
  func power(_ exponent: Int, scale: Int) throws(RowFault) -> DecimalDigits {
    switch exponent {
    case 0:
      var one = DecimalDigits(1)
      one.scale = scale
      return one
    case 1:
      var copy = self
      copy.round(to: scale)
      return copy
    case -1: return DecimalDigits(1).divided(by: self, scale: scale)
    case 2: return multiplied(by: self, scale: scale)
    default: break
    }
    if isZero { return .zero(scale: scale) }

    var leading = Double(digits[0])
    var leadingExponent = weight * 4
    for digit in digits.dropFirst().prefix(3) {
      leading = leading * Double(Self.base) + Double(digit)
      leadingExponent -= 4
    }
    let resultWeight = Double(exponent) * (_log10(leading) + Double(leadingExponent))
    if resultWeight > Double(3 * Decimal.maximumWeight * 4) { throw .numericOverflow }
    if resultWeight + 1 < Double(-scale) || resultWeight + 1 < Double(-Decimal.maximumComputedScale) {
      return .zero(scale: scale)
    }
    let significant = 1 + scale + Int(resultWeight) + Int(_log(Double(exponent.magnitude))) + 8

    var remaining = exponent.magnitude
    var square = self
    var result = remaining & 1 == 1 ? self : DecimalDigits(1)
    remaining >>= 1
    while remaining > 0 {
      square = square.multiplied(
        by: square, scale: max(min(significant - 2 * square.weight * 4, 2 * square.scale), 0))
      if remaining & 1 == 1 {
        let wanted = significant - (square.weight + result.weight) * 4
        result = square.multiplied(by: result, scale: max(min(wanted, square.scale + result.scale), 0))
      }
      if square.weight > Decimal.maximumWeight || result.weight > Decimal.maximumWeight {
        if exponent > 0 { throw .numericOverflow }
        return .zero(scale: scale)
      }
      remaining >>= 1
    }
    if exponent < 0 {
      // Underflow of the intermediate power stands for a result beyond range.
      if result.isZero { throw .divisionByZero }
      return DecimalDigits(1).dividedByEstimating(result, scale: scale)
    }
    result.round(to: scale)
    return result
  }
}
