import Model

/// Finds the groups of keys whose columns take few values each: the codes of a key's values (`ValueCodes`) are an
/// index into an array of group numbers.
///
/// A cache before a `GroupTable`, which it leaves the last word: what it does not know is looked up there, and
/// learned. It gives itself up where keys turn out to be too many, or too seldom seen again.
final class KnownGroups {
  private let columns: [ValueCodes]
  /// Bits of the index that each column's code takes.
  private var widths: [Int]
  private var columnVersions: [Int]
  private var tableVersion = 0
  /// Group numbers, plus one, by index; 0 where none is known.
  private let groups = Lane<UInt32>(0)
  private let indices = UnsafeMutablePointer<Int32>.allocate(capacity: Column.capacity)
  private let unknown = Selection()

  private var foundRows = 0
  private var missedRows = 0
  private(set) var isUseful = true

  /// Makes an array of 1 MiB.
  private static let widestIndex = 18
  /// As many rows may be missed before the found ones must make up for them.
  private static let patience = 16 * Column.capacity

  /// `nil` where a column's values have no codes.
  init?(_ layout: KeyLayout) {
    var columns: [ValueCodes] = []
    for column in layout.columns {
      guard let codes = ValueCodes(column.form) else { return nil }
      columns.append(codes)
    }
    if columns.isEmpty || layout.spellingWidth > 0 { return nil }
    self.columns = columns
    widths = columns.map { _ in -1 }
    columnVersions = columns.map(\.version)
  }

  deinit { indices.deallocate() }

  /// Writes the numbers of the groups that it knows.
  /// - Returns: the rows of all others, valid until the next call.
  func number(
    _ values: [Column], _ rows: Rows, in table: GroupTable, into numbers: UnsafeMutablePointer<UInt32>
  ) -> Rows {
    for (codes, value) in zip(columns, values) { codes.write(value, rows) }
    adapt(to: table)
    guard isUseful else { return rows }
    index(rows)
    let (groups, indices, last) = (groups.base, indices, last)
    unknown.take(rows) { row in
      let number = groups[Int(min(indices[row], last))]
      numbers[row] = number &- 1
      return number == 0
    }
    missedRows += unknown.count
    foundRows += rows.count - unknown.count
    if missedRows > foundRows + Self.patience { giveUp() }
    return unknown.rows
  }

  /// Learns the groups of rows that `number` has returned.
  func learn(_ rows: Rows, _ numbers: UnsafePointer<UInt32>) {
    guard isUseful else { return }
    rows.forEach { row in
      if indices[row] < last { groups[Int(indices[row])] = numbers[row] + 1 }
    }
  }

  /// Forgets everything where it means something else by now, and makes room for greater codes.
  private func adapt(to table: GroupTable) {
    let needed = columns.map { UInt16.bitWidth - $0.greatest.leadingZeroBitCount }
    let versions = columns.map(\.version)
    let fits = zip(needed, widths).allSatisfy { $0 <= $1 }
    if fits, versions == columnVersions, table.version == tableVersion { return }
    if !fits { widths = needed }
    columnVersions = versions
    tableVersion = table.version
    let width = widths.reduce(0, +)
    if width > Self.widestIndex { return giveUp() }
    groups.removeAll()
    groups.grow(to: 1 << width + 1)
  }

  /// The place behind all others: that of keys with a value that has no code.
  private var last: Int32 { Int32(truncatingIfNeeded: groups.count - 1) }

  /// Computes the places of keys; those of unlisted values come to `last` or beyond.
  private func index(_ rows: Rows) {
    let (indices, last) = (indices, last)
    var shift: Int32 = 0
    for (number, column) in columns.enumerated() {
      let (codes, first) = (column.codes, shift)
      if number == 0 {
        rows.forEach { indices[$0] = Self.part(codes[$0], first, last) }
      } else {
        rows.forEach { indices[$0] |= Self.part(codes[$0], first, last) }
      }
      shift += Int32(truncatingIfNeeded: widths[number])
    }
  }

  @inline(__always)
  private static func part(_ code: UInt16, _ shift: Int32, _ last: Int32) -> Int32 {
    code == ValueCodes.unlisted ? last : Int32(code) &<< shift
  }

  private func giveUp() {
    isUseful = false
    groups.removeAll()
  }
}
