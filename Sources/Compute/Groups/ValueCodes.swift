import Model

/// Gives the values of one key column small numbers: 0 to NULL, and one of its own to each value that bytes or an
/// integer make.
///
/// Integers at equal steps (days, months, hours of a timestamp, numbers of shops) are counted from the least of
/// them; the infinities of times, which lie at the ends of all integers, have two codes apart. All others, and bytes,
/// go into a list, as long as there are few. What fits neither is `unlisted`.
final class ValueCodes {
  /// The code of values that have none. No other is as great.
  static let unlisted = UInt16.max
  /// The codes of the least and the greatest integer that there can be.
  private static let leastCode: UInt16 = 1
  private static let greatestCode: UInt16 = 2
  private static let firstPlaceCode: UInt16 = 3
  /// The last place of a grid whose codes are below `unlisted`.
  private static let lastPlace = UInt64(unlisted - 1 - firstPlaceCode)

  /// The codes of the rows written last, by row number.
  let codes = UnsafeMutablePointer<UInt16>.allocate(capacity: Column.capacity)
  /// The greatest code given so far.
  private(set) var greatest: UInt16 = 0
  /// Rises when codes given before come to mean other values.
  private(set) var version = 0

  private let isInteger: Bool
  /// All integers of the form.
  private let span: ClosedRange<Int64>
  /// Where all integers so far have their place; `nil` before the first.
  private var grid: IntegerGrid?
  /// Whether the values are no integers, or such as no grid holds.
  private var isList: Bool
  private let list = ShortValueList()

  /// `nil` for keys of a form that has no codes.
  init?(_ form: KeyForm) {
    switch form {
    case .integer(let bytes):
      isInteger = true
      let shift = 64 - 8 * Int64(bytes)
      span = .min >> shift ... .max >> shift
    case .text, .blankPadded:
      isInteger = false
      span = 0...0
    case .real, .double, .numeric, .interval, .uuid: return nil
    }
    isList = !isInteger
  }

  deinit { codes.deallocate() }

  /// Writes the codes of `rows`.
  func write(_ column: Column, _ rows: Rows) {
    if column.hasNulls { rows.forEach { codes[$0] = 0 } }
    if !isList {
      if writePlaces(column, rows) { return }
      widen(by: column, rows)
      if !isList, writePlaces(column, rows) { return }
    }
    if isInteger {
      writeListed(column, rows) { [lanes = column.integers, list] in list.code(of: ShortValue(lanes[$0])) }
    } else {
      writeListed(column, rows) { [list] in list.code(of: column, $0) }
    }
  }

  /// - Returns: whether all values have a place, or one of the two codes apart.
  private func writePlaces(_ column: Column, _ rows: Rows) -> Bool {
    guard let grid else { return writeEnds(column, rows) }
    let (codes, lanes) = (codes, column.integers)
    var farthest: UInt64 = 0
    column.forEachValue(rows) { row in
      let place = grid.place(of: lanes[row])
      farthest = max(farthest, place)
      codes[row] = UInt16(truncatingIfNeeded: place) &+ Self.firstPlaceCode
    }
    return farthest <= grid.last || writeEnds(column, rows)
  }

  /// Writes the codes of the least and the greatest integer.
  /// - Returns: whether all others have a place.
  private func writeEnds(_ column: Column, _ rows: Rows) -> Bool {
    let (codes, lanes, grid, span) = (codes, column.integers, grid, span)
    var others = 0
    column.forEachValue(rows) { row in
      switch lanes[row] {
      case span.lowerBound: codes[row] = Self.leastCode
      case span.upperBound: codes[row] = Self.greatestCode
      case let value: others += grid.map { $0.place(of: value) <= $0.last } == true ? 0 : 1
      }
    }
    greatest = max(greatest, Self.greatestCode)
    return others == 0
  }

  private func widen(by column: Column, _ rows: Rows) {
    let known = grid
    grid = IntegerGrid(beside: known, column, rows, within: span, lastPlace: Self.lastPlace)
    isList = grid == nil
    greatest = grid.map { UInt16(truncatingIfNeeded: $0.last) + Self.firstPlaceCode } ?? 0
    let keepsCodes = known.map { grid?.keepsPlaces(of: $0) ?? false } ?? !isList
    if !keepsCodes { version += 1 }
  }

  @inline(__always)
  private func writeListed(_ column: Column, _ rows: Rows, _ code: (Int) -> UInt16?) {
    let codes = codes
    column.forEachValue(rows) { codes[$0] = code($0) ?? Self.unlisted }
    greatest = max(greatest, list.count)
  }
}
