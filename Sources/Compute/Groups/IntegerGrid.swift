/// Places at equal steps from a least integer, numbered from 0: the days of a year as midnights, say.
///
/// A place is found without a division: dividing by a step what is a multiple of it is a multiplication by the
/// inverse of its odd part modulo 2^64 and a rotation, and what is none comes beyond all quotients.
/// Source: T. Granlund, P. Montgomery, Division by Invariant Integers using Multiplication, section 9.
struct IntegerGrid {
  private let least: Int64
  /// The greatest common divisor of all distances; 0 while there is one place.
  private let step: UInt64
  /// The number of the last place.
  let last: UInt64
  private let inverse: UInt64
  private let zeros: UInt64

  private init(least: Int64, step: UInt64, last: UInt64) {
    (self.least, self.step, self.last) = (least, step, last)
    zeros = step == 0 ? 0 : UInt64(step.trailingZeroBitCount)
    let odd = step == 0 ? 1 : step >> zeros
    // Five bits of it are right; each round of Newton's method makes them twice as many.
    var inverse = odd &* 3 ^ 2
    for _ in 0..<4 { inverse &*= 2 &- odd &* inverse }
    self.inverse = inverse
  }

  /// The grid of all that is on `known`, and of a column's values within `span` and not at its ends, of which there is
  /// one at least.
  ///
  /// Where it grows downwards, which moves all places, it gets as much room again below: rows in falling order move
  /// them a few times, and not in each batch.
  ///
  /// `nil` where a place would have a number above `lastPlace`.
  init?(
    beside known: IntegerGrid?, _ column: Column, _ rows: Rows, within span: ClosedRange<Int64>,
    lastPlace: UInt64
  ) {
    let lanes = column.integers
    var (least, most) = (known?.least ?? .max, known?.greatest ?? .min)
    column.forEachValue(rows) { row in
      if lanes[row] == span.lowerBound || lanes[row] == span.upperBound { return }
      least = min(least, lanes[row])
      most = max(most, lanes[row])
    }
    var step = known.map { Self.commonDivisor($0.step, Self.distance(least, $0.least)) } ?? 0
    column.forEachValue(rows) { row in
      if lanes[row] == span.lowerBound || lanes[row] == span.upperBound { return }
      if step != 1 { step = Self.commonDivisor(step, Self.distance(least, lanes[row])) }
    }
    if step == 0 {
      self.init(least: least, step: 0, last: 0)
      return
    }
    var last = Self.distance(least, most) / step
    if last > lastPlace { return nil }
    if let known, least < known.least {
      let room = min(last, lastPlace - last, Self.distance(.min, least) / step)
      least = Int64(truncatingIfNeeded: Int128(least) - Int128(room) * Int128(step))
      last += room
    }
    self.init(least: least, step: step, last: last)
  }

  private var greatest: Int64 { Int64(truncatingIfNeeded: Int128(least) + Int128(last) * Int128(step)) }

  /// The number of the place of `value`; above `last` for what has none.
  @inline(__always)
  func place(of value: Int64) -> UInt64 {
    let product = UInt64(bitPattern: value &- least) &* inverse
    return product &>> zeros | product &<< (64 &- zeros)
  }

  /// Whether what has a place on `other` has the same here.
  func keepsPlaces(of other: IntegerGrid) -> Bool {
    least == other.least && (step == other.step || other.step == 0)
  }

  /// From `low` up to `high`.
  private static func distance(_ low: Int64, _ high: Int64) -> UInt64 { UInt64(bitPattern: high &- low) }

  private static func commonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var (left, right) = (left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }
}
