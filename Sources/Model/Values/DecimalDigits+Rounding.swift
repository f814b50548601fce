extension DecimalDigits {
  /// Rounds half away from zero to `scale` decimals; a negative scale rounds before the point.
  package mutating func round(to scale: Int) {
    guard let kept = cut(to: scale) else { return }
    if kept.rest * 2 >= kept.unit { addUnit(kept.unit, atIndex: kept.index) }
    normalise()
  }

  /// Cuts off what stands behind `scale` decimals.
  mutating func truncate(to scale: Int) {
    _ = cut(to: scale)
    normalise()
  }

  /// Cuts to `scale` decimals and says what the digit that was cut through has lost: `rest` of `unit`, and at
  /// which index a unit would be added. Nil when nothing was cut off, or nothing that could round up.
  private mutating func cut(to scale: Int) -> (rest: Int, unit: Int, index: Int)? {
    self.scale = scale
    let decimals = (weight + 1) * 4 + scale
    if decimals < 0 || isZero {
      digits = []
      normalise()
      return nil
    }
    let kept = (decimals + 3) / 4
    let decimalsInLast = decimals % 4
    if kept > digits.count || (kept == digits.count && decimalsInLast == 0) { return nil }
    if decimalsInLast == 0 {
      let rest = Int(digits[kept])
      digits.removeSubrange(kept...)
      return (rest, Self.base, kept - 1)
    }
    let unit = [Self.base, 1000, 100, 10][decimalsInLast]
    digits.removeSubrange(kept...)
    let rest = Int(digits[kept - 1]) % unit
    digits[kept - 1] -= UInt16(rest)
    return (rest, unit, kept - 1)
  }

  /// Adds one unit in the last place kept: `unit` in the digit at `index`, or one at the digit itself when the
  /// cut went between two digits.
  private mutating func addUnit(_ unit: Int, atIndex index: Int) {
    var index = index
    var carry = unit == Self.base ? 1 : unit
    while carry > 0 {
      if index < 0 {
        digits.insert(UInt16(carry), at: 0)
        weight += 1
        return
      }
      let sum = Int(digits[index]) + carry
      carry = sum >= Self.base ? 1 : 0
      digits[index] = UInt16(sum - carry * Self.base)
      index -= 1
    }
  }
}
