internal import Expressions
internal import Glibc
internal import Model

/// Functions of one double: the C library's own, as in Postgres, with Postgres's faults.
struct FloatMap: UnaryKernel {
  enum Operator {
    case negate, abs, sign, round, ceil, floor, truncate
    case squareRoot, exponential, naturalLogarithm, commonLogarithm
  }

  let operation: Operator
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.doubles
    out.mapDoubles(rows, frame) { row throws(RowFault) in try compute(lanes[row]) }
  }

  private func compute(_ value: Double) throws(RowFault) -> Double {
    switch operation {
    case .negate: return -value
    case .abs: return Swift.abs(value)
    case .sign: return value > 0 ? 1 : (value < 0 ? -1 : 0)
    case .round: return value.rounded(.toNearestOrEven)
    case .ceil: return value.rounded(.up)
    case .floor: return value.rounded(.down)
    case .truncate: return value.rounded(.towardZero)
    case .squareRoot:
      if value < 0 {
        throw RowFault(sqlState: "2201F", sentence: "cannot take square root of a negative number")
      }
      return value.squareRoot()
    case .exponential:
      if value.isNaN || value.isInfinite { return value == -.infinity ? 0 : value }
      let result = exp(value)
      if result.isInfinite { throw .floatOverflow }
      if result == 0 { throw .floatUnderflow }
      return result
    case .naturalLogarithm: return try Self.logarithm(value) { log($0) }
    case .commonLogarithm: return try Self.logarithm(value) { log10($0) }
    }
  }

  private static func logarithm(_ value: Double, _ compute: (Double) -> Double) throws(RowFault) -> Double {
    if value == 0 { throw RowFault(sqlState: "2201E", sentence: "cannot take logarithm of zero") }
    if value < 0 {
      throw RowFault(sqlState: "2201E", sentence: "cannot take logarithm of a negative number")
    }
    return compute(value)
  }
}

/// `power` of doubles, as `dpow` of Postgres's `float.c`.
struct FloatPower: BinaryKernel {
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    let (a, b) = (left.doubles, right.doubles)
    out.mapDoubles(rows, frame) { row throws(RowFault) in try Self.power(a[row], b[row]) }
  }

  private static func power(_ base: Double, _ exponent: Double) throws(RowFault) -> Double {
    if base.isNaN { return exponent == 0 ? 1 : base }
    if exponent.isNaN { return base == 1 ? 1 : exponent }
    if base == 0 && exponent < 0 {
      throw RowFault(sqlState: "2201F", sentence: "zero raised to a negative power is undefined")
    }
    if base < 0 && exponent.isFinite && exponent.rounded(.down) != exponent {
      throw RowFault(
        sqlState: "2201F",
        sentence: "a negative number raised to a non-integer power yields a complex result")
    }
    let result = pow(base, exponent)
    if base.isFinite && exponent.isFinite {
      if result.isInfinite { throw .floatOverflow }
      if result == 0 && base != 0 { throw .floatUnderflow }
    }
    return result
  }
}
