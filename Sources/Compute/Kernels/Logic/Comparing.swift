internal import Glibc
internal import Model

/// The order of two values that lie in columns: what comparison, GREATEST and IN share.
enum Comparing {
  /// Unsigned bytes from left to right, the shorter first: collation `C`.
  @inline(__always)
  static func order(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let shared = min(left.count, right.count)
    if shared > 0, let a = left.baseAddress, let b = right.baseAddress {
      let order = memcmp(a, b, shared)
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }

  /// Whether two texts that lie in columns are equal: short ones are compared as machine words.
  @inline(__always)
  static func areEqual(_ left: Column, _ leftRow: Int, _ right: Column, _ rightRow: Int) -> Bool {
    let (a, b) = (left.slices[leftRow], right.slices[rightRow])
    guard a.length == b.length else { return false }
    let (x, y) = (
      UnsafeRawPointer(left.data + Int(a.offset)), UnsafeRawPointer(right.data + Int(b.offset))
    )
    guard a.length <= 8 else { return memcmp(x, y, Int(a.length)) == 0 }
    // Column buffers can be read beyond their last value by more than a word.
    let differs =
      UInt64(littleEndian: x.loadUnaligned(as: UInt64.self))
      ^ UInt64(littleEndian: y.loadUnaligned(as: UInt64.self))
    return differs & ~(UInt64.max << UInt64(a.length &* 8)) == 0
  }

  /// The bytes without trailing blanks, as `char(n)` is compared.
  @inline(__always)
  static func withoutTrailingBlanks(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    var count = bytes.count
    while count > 0 && bytes[count - 1] == UInt8(ascii: " ") { count -= 1 }
    return UnsafeBufferPointer(rebasing: bytes[..<count])
  }

  /// NaN equals itself and stands above all other numbers.
  @inline(__always)
  static func order(_ left: Double, _ right: Double) -> Int {
    if left.isNaN || right.isNaN { return (left.isNaN ? 1 : 0) - (right.isNaN ? 1 : 0) }
    return left < right ? -1 : (left == right ? 0 : 1)
  }

  @inline(__always)
  static func order<Lane: Comparable>(lanes left: Lane, _ right: Lane) -> Int {
    left < right ? -1 : (left == right ? 0 : 1)
  }
}

/// How two columns of one type are compared.
enum ComparisonRule {
  case integers, doubles, numerics, bytes, blankPadded, intervals, uuids

  init(_ type: SQLType) {
    switch ColumnForm(type) {
    case .integers: self = .integers
    case .doubles: self = .doubles
    case .numerics: self = .numerics
    case .bytes: if case .char = type { self = .blankPadded } else { self = .bytes }
    case .intervals: self = .intervals
    case .uuids: self = .uuids
    }
  }

  /// Negative, zero or positive. Neither value is NULL.
  @inline(__always)
  func order(_ left: Column, _ leftRow: Int, _ right: Column, _ rightRow: Int) -> Int {
    switch self {
    case .integers: Comparing.order(lanes: left.integers[leftRow], right.integers[rightRow])
    case .doubles: Comparing.order(left.doubles[leftRow], right.doubles[rightRow])
    case .numerics: Self.orderOfNumerics(left, leftRow, right, rightRow)
    case .bytes: Comparing.order(left.bytes(leftRow), right.bytes(rightRow))
    case .blankPadded:
      Comparing.order(
        Comparing.withoutTrailingBlanks(left.bytes(leftRow)),
        Comparing.withoutTrailingBlanks(right.bytes(rightRow)))
    case .intervals: CalendarInterval.order(left.intervals[leftRow], right.intervals[rightRow])
    case .uuids: Comparing.order(lanes: left.uuids[leftRow], right.uuids[rightRow])
    }
  }

  /// Whether two values are equal. Neither is NULL.
  @inline(__always)
  func areEqual(_ left: Column, _ leftRow: Int, _ right: Column, _ rightRow: Int) -> Bool {
    if case .bytes = self { return Comparing.areEqual(left, leftRow, right, rightRow) }
    return order(left, leftRow, right, rightRow) == 0
  }

  private static func orderOfNumerics(_ left: Column, _ leftRow: Int, _ right: Column, _ rightRow: Int) -> Int
  {
    if left.width == .narrow, right.width == .narrow,
      left.scale(ofRow: leftRow) == right.scale(ofRow: rightRow)
    {
      return Comparing.order(lanes: left.integers[leftRow], right.integers[rightRow])
    }
    return Decimal.order(left.decimal(leftRow), right.decimal(rightRow))
  }
}
