import Model

/// Finds the groups of keys whose columns take few values each: the codes of a key's values (`ValueCodes`) are an
/// index into an array of group numbers.
///
/// A cache before a `GroupTable`, which it leaves the last word: what it does not know is looked up there, and
/// learned. It gives itself up for good where the codes need too large an array, or where of late more rows had to be
/// looked up as well than were found here.
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

  /// Of the last batches, and a falling share of those before them.
  private var foundRows = 0
  private var missedRows = 0
  private(set) var isUseful = true

  /// Makes an array of 1 MiB, which a core's cache still holds.
  private static let widestIndex = 18
  private let memoryLimit: Int
  /// As many rows more may be missed than found.
  private static let patience = 8 * Column.capacity
  /// After as many rows those found and missed count half.
  private static let span = 32 * Column.capacity

  /// `nil` where a column's values have no codes.
  /// - Parameter memoryLimit: bytes that the array may take.
  init?(_ layout: KeyLayout, memoryLimit: Int) {
    var columns: [ValueCodes] = []
    for column in layout.columns {
      guard let codes = ValueCodes(column.form) else { return nil }
      columns.append(codes)
    }
    if columns.isEmpty || layout.spellingWidth > 0 { return nil }
    self.columns = columns
    self.memoryLimit = memoryLimit
    widths = columns.map { _ in -1 }
    columnVersions = columns.map(\.version)
  }

  deinit { indices.deallocate() }

  /// Bytes that the array takes: none before the first keys.
  var memory: Int { groups.memory }

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
    judge(found: rows.count - unknown.count, missed: unknown.count)
    return unknown.rows
  }

  /// Counts, late rows more than early ones, and gives up where `patience` more were missed than found.
  private func judge(found: Int, missed: Int) {
    foundRows += found
    missedRows += missed
    if missedRows > foundRows + Self.patience { return giveUp() }
    if foundRows + missedRows > Self.span {
      foundRows /= 2
      missedRows /= 2
    }
  }

  /// Learns the groups of rows that `number` has returned.
  func learn(_ rows: Rows, _ numbers: UnsafePointer<UInt32>) {
    guard isUseful else { return }
    rows.forEach { row in
      if indices[row] < last { groups[Int(indices[row])] = numbers[row] + 1 }
    }
  }

  /// Forgets everything where it means something else by now, and makes room for greater codes; gives up where they need
  /// more than there is.
  private func adapt(to table: GroupTable) {
    let needed = columns.map { UInt16.bitWidth - $0.greatest.leadingZeroBitCount }
    let versions = columns.map(\.version)
    let fits = zip(needed, widths).allSatisfy { $0 <= $1 }
    if fits, versions == columnVersions, table.version == tableVersion { return }
    if !fits { widths = needed }
    columnVersions = versions
    tableVersion = table.version
    let width = widths.reduce(0, +)
    groups.removeAll()
    guard width <= Self.widestIndex else { return giveUp() }
    let count = 1 << width + 1
    guard count * MemoryLayout<UInt32>.stride <= memoryLimit else { return giveUp() }
    groups.grow(to: count)
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
