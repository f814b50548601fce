internal import Expressions
internal import Model

/// `width_bucket(operand, low, high, count)` over numeric and double precision.
struct WidthBucket: Kernel {
  let operands: [Register]
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let columns = operands.map { frame[$0] }
    let (operand, low, high, counts, out) = (columns[0], columns[1], columns[2], columns[3], frame[output])
    out.takeNulls(of: operand, low)
    out.addNulls(of: high)
    out.addNulls(of: counts)
    let count = counts.integers
    if operand.form == .doubles {
      let (a, b, c) = (operand.doubles, low.doubles, high.doubles)
      out.mapIntegers(rows, frame) { row throws(RowFault) in
        try Self.bucket(a[row], b[row], c[row], count[row])
      }
    } else {
      out.mapIntegers(rows, frame) { row throws(RowFault) in
        try Self.bucket(operand.decimal(row), low.decimal(row), high.decimal(row), count[row])
      }
    }
  }

  private static func fault(_ sentence: String) -> RowFault {
    RowFault(sqlState: "2201G", sentence: sentence)
  }

  private static func checkedCount(_ count: Int64) throws(RowFault) {
    if count <= 0 { throw fault("count must be greater than zero") }
  }

  private static func above(_ count: Int64) throws(RowFault) -> Int64 {
    guard count < Int32.max else { throw .numericOutOfRange("integer") }
    return count + 1
  }

  private static func bucket(_ value: Double, _ low: Double, _ high: Double, _ count: Int64) throws(RowFault)
    -> Int64
  {
    try checkedCount(count)
    if value.isNaN || low.isNaN || high.isNaN {
      throw fault("operand, lower bound, and upper bound cannot be NaN")
    }
    if low.isInfinite || high.isInfinite { throw fault("lower and upper bounds must be finite") }
    if low == high { throw fault("lower bound cannot equal upper bound") }
    let isRising = low < high
    if isRising ? value < low : value > low { return 0 }
    if isRising ? value >= high : value <= high { return try above(count) }
    // In Postgres 15's order, so that it rounds alike.
    let place = Double(count) * (value - low) / (high - low)
    if place.isFinite, place < Double(Int32.max) { return Int64(place + 1) }
    // The halves keep a difference near the ends of the range from overflowing.
    let share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return min(Int64(share * Double(count)), count - 1) + 1
  }

  private static func bucket(
    _ value: Decimal, _ low: Decimal, _ high: Decimal, _ count: Int64
  ) throws(RowFault) -> Int64 {
    try checkedCount(count)
    if value.isNaN || low.isNaN || high.isNaN {
      throw fault("operand, lower bound, and upper bound cannot be NaN")
    }
    if low.isInfinite || high.isInfinite { throw fault("lower and upper bounds must be finite") }
    let order = Decimal.order(low, high)
    if order == 0 { throw fault("lower bound cannot equal upper bound") }
    let isRising = order < 0
    let toLow = Decimal.order(value, low)
    if isRising ? toLow < 0 : toLow > 0 { return 0 }
    let toHigh = Decimal.order(value, high)
    if isRising ? toHigh >= 0 : toHigh <= 0 { return try above(count) }
    let (passed, span) =
      isRising
      ? (try value.subtracting(low), try high.subtracting(low))
      : (try low.subtracting(value), try low.subtracting(high))
    // Rounded as any quotient before it is cut, as in Postgres 15: just below `high` it may come out as the count.
    return try above(passed.multiplied(by: Decimal(count)).divided(by: span).floor().int64())
  }
}
