import Model

/// Gives the values of one key column small numbers: 0 to NULL, and one of its own to each value that bytes or an
/// integer make.
///
/// Integers near each other (days, months, numbers of shops) are counted from the least of them. All others,
/// and bytes, go into a list, as long as there are few. What fits neither is `unlisted`.
final class ValueCodes {
  /// The code of values that have none. No other is as great.
  static let unlisted = UInt16.max
  private static let widestRange: Int64 = 1 << 16 - 2

  /// The codes of the rows written last, by row number.
  let codes = UnsafeMutablePointer<UInt16>.allocate(capacity: Column.capacity)
  /// The greatest code given so far.
  private(set) var greatest: UInt16 = 0
  /// Rises when codes given before come to mean other values.
  private(set) var version = 0

  private let isInteger: Bool
  /// Integers from the least to the greatest so far; empty before the first.
  private var range: ClosedRange<Int64>?
  /// Whether integers were found too far from each other.
  private var isList: Bool
  private let list = ShortValueList()

  /// `nil` for keys of a form that has no codes.
  init?(_ form: KeyForm) {
    switch form {
    case .integer: isInteger = true
    case .text, .blankPadded: isInteger = false
    case .real, .double, .numeric, .interval, .uuid: return nil
    }
    isList = !isInteger
  }

  deinit { codes.deallocate() }

  /// Writes the codes of `rows`.
  func write(_ column: Column, _ rows: Rows) {
    if column.hasNulls { rows.forEach { codes[$0] = 0 } }
    if !isList, let range = range(of: column, rows) {
      writeDistances(column, rows, from: range.lowerBound)
    } else if isInteger {
      writeListed(column, rows) { [lanes = column.integers, list] in list.code(of: ShortValue(lanes[$0])) }
    } else {
      writeListed(column, rows) { [list] in list.code(of: column, $0) }
    }
  }

  /// Widens the range by the column's values; `nil` where they lie too far apart.
  private func range(of column: Column, _ rows: Rows) -> ClosedRange<Int64>? {
    let lanes = column.integers
    var (least, most) = (range?.lowerBound ?? .max, range?.upperBound ?? .min)
    column.forEachValue(rows) { row in
      least = min(least, lanes[row])
      most = max(most, lanes[row])
    }
    guard least <= most else { return 0...0 }
    let (width, tooWide) = most.subtractingReportingOverflow(least)
    if let range, range.lowerBound != least { version += 1 }
    guard !tooWide, width < Self.widestRange else {
      isList = true
      greatest = 0
      version += 1
      return nil
    }
    greatest = UInt16(width) + 1
    range = least...most
    return range
  }

  private func writeDistances(_ column: Column, _ rows: Rows, from least: Int64) {
    let (codes, lanes) = (codes, column.integers)
    column.forEachValue(rows) { row in
      codes[row] = UInt16(truncatingIfNeeded: lanes[row] &- least &+ 1)
    }
  }

  @inline(__always)
  private func writeListed(_ column: Column, _ rows: Rows, _ code: (Int) -> UInt16?) {
    let codes = codes
    column.forEachValue(rows) { codes[$0] = code($0) ?? Self.unlisted }
    greatest = max(greatest, list.count)
  }
}

/// A value of at most 16 bytes; zeros stand behind a shorter one.
struct ShortValue: Equatable {
  let low: UInt64
  let high: UInt64
  let length: UInt32

  @inline(__always)
  init(low: UInt64, high: UInt64, length: UInt32) {
    (self.low, self.high, self.length) = (low, high, length)
  }

  @inline(__always)
  init(_ integer: Int64) { self.init(low: UInt64(bitPattern: integer), high: 0, length: 8) }

  /// Multiply and fold, as for whole keys.
  @inline(__always)
  var hash: Int {
    let product = (low ^ UInt64(length) &* 0x2D35_8DCC_AA6C_78A5)
      .multipliedFullWidth(by: 0x8BB8_4B93_962E_ACC9 ^ high)
    return Int(truncatingIfNeeded: product.high ^ product.low)
  }
}

extension Column {
  /// The bytes at `row`, where there are at most 16.
  @inline(__always)
  func shortValue(_ row: Int) -> ShortValue? {
    let slice = slices[row]
    if slice.length > 16 { return nil }
    // A column's buffer can be read by two words from any value's start.
    let start = UnsafeRawPointer(data + Int(slice.offset))
    let low = start.loadUnaligned(as: UInt64.self)
    if slice.length < 8 {
      let kept: UInt64 = ~(UInt64.max &<< UInt64(slice.length &* 8))
      return ShortValue(low: low & kept, high: 0, length: slice.length)
    }
    let high = start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let kept: UInt64 = slice.length == 16 ? .max : ~(UInt64.max &<< UInt64((slice.length &- 8) &* 8))
    return ShortValue(low: low, high: high & kept, length: slice.length)
  }

  /// Calls `body` with each row at which there is a value.
  @inline(__always)
  func forEachValue(_ rows: Rows, _ body: (Int) -> Void) {
    if hasNulls {
      rows.forEach { if isValid($0) { body($0) } }
    } else {
      rows.forEach(body)
    }
  }
}

/// Numbers a few values from 1 in the order in which they are first seen.
final class ShortValueList {
  private(set) var count: UInt16 = 0
  private let slots: UnsafeMutablePointer<(value: ShortValue, code: UInt16)>
  /// The codes of single bytes, 0 where they have none: flags are many.
  private let letters: UnsafeMutablePointer<UInt16>

  private static let slotCount = 512
  private static let mostValues = 255

  init() {
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(
      repeating: (ShortValue(low: 0, high: 0, length: 0), 0), count: Self.slotCount)
    letters = .allocate(capacity: 256)
    letters.initialize(repeating: 0, count: 256)
  }

  deinit {
    slots.deallocate()
    letters.deallocate()
  }

  /// The number of the bytes at `row`; `nil` where the list is full, or they are too many.
  @inline(__always)
  func code(of column: Column, _ row: Int) -> UInt16? {
    let slice = column.slices[row]
    if slice.length == 1 {
      let code = letters[Int(column.data[Int(slice.offset)])]
      if code != 0 { return code }
    }
    return column.shortValue(row).flatMap { code(of: $0) }
  }

  /// The number of `value`, a new one where it has none; `nil` where the list is full.
  @inline(__always)
  func code(of value: ShortValue) -> UInt16? {
    var index = value.hash & (Self.slotCount - 1)
    while slots[index].code != 0 {
      if slots[index].value == value { return slots[index].code }
      index = (index + 1) & (Self.slotCount - 1)
    }
    return add(value, at: index)
  }

  @inline(never)
  private func add(_ value: ShortValue, at index: Int) -> UInt16? {
    if Int(count) == Self.mostValues { return nil }
    count += 1
    slots[index] = (value, count)
    if value.length == 1 { letters[Int(value.low)] = count }
    return count
  }
}
