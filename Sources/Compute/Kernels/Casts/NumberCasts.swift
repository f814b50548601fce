internal import Model

struct IntegerToBoolean: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let (lanes, to) = (from.integers, out.integers)
    rows.forEach { to[$0] = lanes[$0] != 0 ? 1 : 0 }
  }
}

/// To a narrower integer type.
struct IntegerToInteger: UnaryKernel {
  let range: IntegerRange
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.integers
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      guard range.holds(lanes[row]) else { throw .numericOutOfRange(range.name) }
      return lanes[row]
    }
  }
}

struct IntegerToNumeric: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.beginNumerics(.narrow, scale: 0)
    let (lanes, to) = (from.integers, out.integers)
    rows.forEach { to[$0] = lanes[$0] }
  }
}

struct IntegerToFloat: UnaryKernel {
  let isReal: Bool
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let (lanes, to) = (from.integers, out.doubles)
    if isReal {
      rows.forEach { to[$0] = Double(Float(lanes[$0])) }
    } else {
      rows.forEach { to[$0] = Double(lanes[$0]) }
    }
  }
}

/// To the nearest integer, ties away from zero.
struct NumericToInteger: UnaryKernel {
  let range: IntegerRange
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let number = from.decimal(row)
      return switch range {
      case .smallint: Int64(try number.int16())
      case .integer: Int64(try number.int32())
      case .bigint: try number.int64()
      }
    }
  }
}

struct NumericToFloat: UnaryKernel {
  let isReal: Bool
  let operand: Register
  let output: Register

  /// Those that a double holds exactly.
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
  ]

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    if !isReal, from.width == .narrow, let scale = from.scale, scale <= 22 {
      let unit = Self.powersOfTen[scale]
      let lanes = from.integers
      return out.mapDoubles(rows, frame) { row throws(RowFault) in
        // Both are exact as doubles then, so that their quotient rounds once.
        lanes[row].magnitude < 1 << 53 ? Double(lanes[row]) / unit : try from.decimal(row).double()
      }
    }
    out.mapDoubles(rows, frame) { row throws(RowFault) in
      isReal ? Double(try from.decimal(row).float()) : try from.decimal(row).double()
    }
  }
}

/// To the nearest integer, ties to even, as C's `rint`.
struct FloatToInteger: UnaryKernel {
  let range: IntegerRange
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.doubles
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      guard let value = Int64(exactly: lanes[row].rounded(.toNearestOrEven)), range.holds(value) else {
        throw .numericOutOfRange(range.name)
      }
      return value
    }
  }
}

struct FloatToNumeric: UnaryKernel {
  let isReal: Bool
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.doubles
    out.mapNumerics(rows, frame) { row throws(RowFault) in
      isReal ? try Decimal(Float(lanes[row])) : try Decimal(lanes[row])
    }
  }
}

struct DoubleToReal: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.doubles
    out.mapDoubles(rows, frame) { row throws(RowFault) in
      let value = Float(lanes[row])
      if value.isInfinite && lanes[row].isFinite { throw .floatOverflow }
      if value == 0 && lanes[row] != 0 { throw .floatUnderflow }
      return Double(value)
    }
  }
}
