extension Decimal {
  /// The square root, to the scale that Postgres chooses, digit for digit as Postgres 14 and later.
  /// - Throws: `RowFault` 2201F for a negative number.
  package func squareRoot() throws(RowFault) -> Decimal {
    guard signum >= 0 else { throw .negativeRoot }
    guard let digits else { return self }
    // C divides towards zero; for a weight below -1 that matters.
    let rootWeight = (digits.weight + 1) * 4 / 2 - 1
    let scale = DecimalDigits.resultScale(significant: Self.significantDigits - rootWeight, digits.scale)
    return try Decimal(digits.squareRoot(scale: scale))
  }
}

extension RowFault {
  static let negativeRoot = RowFault(
    sqlState: "2201F", sentence: "cannot take square root of a negative number")
}

extension DecimalDigits {
  /// The square root of a number that is not negative, rounded half away from zero to `scale` decimals, which
  /// may be negative.
  func squareRoot(scale: Int) -> DecimalDigits {
    if isZero { return .zero(scale: scale) }
    let rootWeight = weight.floorDivided(by: 2)
    // At least one decimal more than wanted, so that rounding the cut-off root rounds the true root.
    let rootCount = max(
      rootWeight + 1 + (scale >= -1 ? (scale + 4) / 4 : -((-scale - 1) / 4)), 1)
    let sourceCount = max(weight + 1 + (rootCount - rootWeight - 1) * 2, 1)
    let source = (0..<sourceCount).map { $0 < digits.count ? digits[$0] : 0 }
    var root = Self.integerRoot(source[...]).root
    root.weight = root.isZero ? 0 : root.weight + rootWeight - (rootCount - 1)
    root.round(to: scale)
    return root
  }

  /// The root and the remainder of the integer that the digits spell, the first of which is not zero.
  ///
  /// Source: P. Zimmermann, "Karatsuba Square Root", INRIA Research Report RR-3805, 1999.
  private static func integerRoot(
    _ source: ArraySlice<UInt16>
  ) -> (root: DecimalDigits, rest: DecimalDigits) {
    func integer(_ slice: ArraySlice<UInt16>) -> DecimalDigits {
      DecimalDigits(digits: Array(slice), weight: slice.count - 1, isNegative: false, scale: 0)
    }
    if source.count <= 4 {
      let number = source.reduce(0) { $0 * 10_000 + Int($1) }
      var root = Int(Double(number).squareRoot())
      while root * root > number { root -= 1 }
      while (root + 1) * (root + 1) <= number { root += 1 }
      return (DecimalDigits(root), DecimalDigits(number - root * root))
    }
    // The block length for which the leading part is at least a quarter of the block's base.
    var block = source.count / 4
    if block * 4 == source.count, source[source.startIndex] < 2_500 { block -= 1 }
    let high = source.dropLast(2 * block)
    let low = source.suffix(2 * block)
    func shifted(_ number: DecimalDigits) -> DecimalDigits {
      var shifted = number
      if !shifted.isZero { shifted.weight += block }
      return shifted
    }
    let inner = integerRoot(high)
    let (quotient, rest) = shifted(inner.rest).adding(integer(low.prefix(block)))
      .integerQuotientAndRemainder(dividingBy: inner.root.adding(inner.root))
    var root = shifted(inner.root).adding(quotient)
    var remainder = shifted(rest).adding(integer(low.suffix(block)))
      .subtracting(quotient.multipliedExactly(by: quotient))
    if remainder.isNegative {
      remainder = remainder.adding(root)
      root = root.subtracting(DecimalDigits(1))
      remainder = remainder.adding(root)
    }
    return (root, remainder)
  }
}
