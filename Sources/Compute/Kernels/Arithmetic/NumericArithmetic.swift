internal import Expressions
internal import Model

/// `+ - *` over numeric, exact, with Postgres's result scales.
///
/// Columns of one scale each are computed in `Int64`, and once more in `Int128` if that overflows; everything
/// else goes value by value through `Decimal`.
struct NumericArithmetic: BinaryKernel {
  enum Operator { case add, subtract, multiply }

  let operation: Operator
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    if let a = left.scale, let b = right.scale, left.width == .narrow, right.width == .narrow {
      switch operation {
      case .add, .subtract:
        if addNarrow(rows, left, a, right, b, out) { return }
      case .multiply:
        if multiplyNarrow(rows, left, a, right, b, out) { return }
      }
    }
    switch operation {
    case .add:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).adding(right.decimal(row))
      }
    case .subtract:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).subtracting(right.decimal(row))
      }
    case .multiply:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).multiplied(by: right.decimal(row))
      }
    }
  }

  /// Adds or subtracts mantissas brought to one scale; false where the scales are too far apart.
  private func addNarrow(
    _ rows: Rows, _ left: Column, _ leftScale: Int, _ right: Column, _ rightScale: Int, _ out: Column
  ) -> Bool {
    let scale = max(leftScale, rightScale)
    guard scale - min(leftScale, rightScale) <= 18 else { return false }
    let leftUnit = TenPowers.int64(scale - leftScale)
    let rightUnit = TenPowers.int64(scale - rightScale) * (operation == .subtract ? -1 : 1)
    let (a, b, to) = (left.integers, right.integers, out.integers)
    out.beginNumerics(.narrow, scale: scale)
    var overflowed = false
    if leftUnit == 1 && rightUnit == 1 {
      rows.forEach { row in
        let (sum, tooBig) = a[row].addingReportingOverflow(b[row])
        to[row] = sum
        overflowed = overflowed || tooBig
      }
    } else if leftUnit == 1 && rightUnit == -1 {
      rows.forEach { row in
        let (difference, tooBig) = a[row].subtractingReportingOverflow(b[row])
        to[row] = difference
        overflowed = overflowed || tooBig
      }
    } else {
      rows.forEach { row in
        let (first, firstTooBig) = a[row].multipliedReportingOverflow(by: leftUnit)
        let (second, secondTooBig) = b[row].multipliedReportingOverflow(by: rightUnit)
        let (sum, tooBig) = first.addingReportingOverflow(second)
        to[row] = sum
        overflowed = overflowed || firstTooBig || secondTooBig || tooBig
      }
    }
    if overflowed {
      // 2^63 * 10^18 stays far below 2^127.
      out.beginNumerics(.wide, scale: scale)
      let wide = out.wides
      rows.forEach { row in
        wide[row] = Int128(a[row]) &* Int128(leftUnit) &+ Int128(b[row]) &* Int128(rightUnit)
      }
    }
    return true
  }

  private func multiplyNarrow(
    _ rows: Rows, _ left: Column, _ leftScale: Int, _ right: Column, _ rightScale: Int, _ out: Column
  ) -> Bool {
    let scale = leftScale + rightScale
    guard scale <= Decimal.maximumScale else { return false }
    let (a, b, to) = (left.integers, right.integers, out.integers)
    out.beginNumerics(.narrow, scale: scale)
    var overflowed = false
    rows.forEach { row in
      let (product, tooBig) = a[row].multipliedReportingOverflow(by: b[row])
      to[row] = product
      overflowed = overflowed || tooBig
    }
    if overflowed {
      out.beginNumerics(.wide, scale: scale)
      let wide = out.wides
      rows.forEach { row in wide[row] = Int128(a[row]) &* Int128(b[row]) }
    }
    return true
  }
}

/// Powers of ten as machine integers.
enum TenPowers {
  private static let narrow: [Int64] = {
    var powers: [Int64] = [1]
    for _ in 1...18 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// `exponent` is in `0...18`.
  static func int64(_ exponent: Int) -> Int64 { narrow[exponent] }
}
