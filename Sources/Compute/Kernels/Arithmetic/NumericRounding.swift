internal import Expressions
internal import Model

/// `round` and `trunc` of numeric to a number of decimals, and the rounding that a cast to `numeric(p,s)` does.
struct NumericRounding: Kernel {
  enum Rule {
    case round, truncate
    /// Round, and fault where more digits remain than the precision.
    case fit(precision: Int)
  }

  let rule: Rule
  let operand: Register
  /// An integer column: the decimals to keep.
  let decimals: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, decimals, out) = (frame[operand], frame[decimals], frame[output])
    out.takeNulls(of: from, decimals)
    let scales = decimals.integers
    if !rows.isEmpty, let scale = from.scale, from.width == .narrow,
      isConstant(rows, scales),
      roundNarrow(rows, from, scale, to: Int(clamping: scales[rows[0]]), out)
    {
      return
    }
    switch rule {
    case .round:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try from.decimal(row).rounded(toScale: Self.clamped(scales[row]))
      }
    case .truncate:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try from.decimal(row).truncated(toScale: Self.clamped(scales[row]))
      }
    case .fit(let precision):
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try from.decimal(row).fitted(precision: precision, scale: Int(scales[row]))
      }
    }
  }

  /// Postgres clamps the number of decimals so.
  private static func clamped(_ decimals: Int64) -> Int {
    Int(max(-131_072, min(decimals, Int64(Decimal.maximumScale))))
  }

  private func isConstant(_ rows: Rows, _ scales: UnsafeMutablePointer<Int64>) -> Bool {
    let first = scales[rows[0]]
    var isConstant = true
    rows.forEach { isConstant = isConstant && scales[$0] == first }
    return isConstant
  }

  /// Rounds `Int64` mantissas; false where they do not stay such, or a fault is in sight.
  private func roundNarrow(_ rows: Rows, _ from: Column, _ scale: Int, to decimals: Int, _ out: Column)
    -> Bool
  {
    guard decimals >= 0, decimals <= Decimal.maximumScale, abs(scale - decimals) <= 18 else { return false }
    let (lanes, to) = (from.integers, out.integers)
    out.beginNumerics(.narrow, scale: decimals)
    var isTooBig = false
    if decimals >= scale {
      let unit = TenPowers.int64(decimals - scale)
      rows.forEach { row in
        let (product, tooBig) = lanes[row].multipliedReportingOverflow(by: unit)
        to[row] = product
        isTooBig = isTooBig || tooBig
      }
    } else {
      let unit = TenPowers.int64(scale - decimals)
      let half = isTruncating ? Int64.max : unit / 2
      rows.forEach { row in
        let (quotient, rest) = lanes[row].quotientAndRemainder(dividingBy: unit)
        to[row] = quotient &+ (rest >= half ? 1 : 0) &- (rest <= -half ? 1 : 0)
      }
    }
    guard !isTooBig else { return false }
    if case .fit(let precision) = rule, precision <= 18 {
      let limit = TenPowers.int64(precision)
      rows.forEach { isTooBig = isTooBig || to[$0] >= limit || to[$0] <= -limit }
      return !isTooBig
    }
    // Int64 holds 19 digits at most, all of which precisions above 18 allow.
    return true
  }

  private var isTruncating: Bool {
    if case .truncate = rule { true } else { false }
  }
}
