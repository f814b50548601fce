import Model

/// Turns the key columns of a batch into group numbers, for each grouping set.
final class GroupKeys {
  /// Key columns of each grouping set, as numbers, and their layout.
  let sets: [(keys: [Int], layout: KeyLayout)]
  /// Spellings of all sets have this width; a set with a narrower layout leaves the rest zero.
  let spellingWidth: Int

  /// Of each grouping set, where its keys allow it and there are few.
  private let known: [KnownGroups?]
  private static let mostKnown = 4
  private let packed = UnsafeMutablePointer<UInt128>.allocate(capacity: Column.capacity)
  private let lengths = UnsafeMutablePointer<UInt8>.allocate(capacity: Column.capacity)
  private let key = ByteWriter()
  private let spelling = ByteWriter()

  /// - Parameter knownMemory: bytes that may be taken to find groups faster; none by who calls no `number`.
  init(types: [SQLType], sets: [[Int]], knownMemory: Int = 0) {
    self.sets = sets.map { keys in (keys, KeyLayout(keys.map { KeyColumn(types[$0]) })) }
    spellingWidth = self.sets.map(\.layout.spellingWidth).max() ?? 0
    let share = sets.count > Self.mostKnown ? 0 : knownMemory / max(sets.count, 1)
    known = self.sets.map { share == 0 ? nil : KnownGroups($0.layout, memoryLimit: share) }
  }

  deinit {
    packed.deallocate()
    lengths.deallocate()
  }

  /// Bytes taken of `knownMemory`.
  var memory: Int { known.reduce(0) { $0 + ($1?.memory ?? 0) } }

  /// A set number stands before the key only where there is more than one set.
  var hasSetMark: Bool { sets.count > 1 }

  /// The set that a stored key is of.
  /// - Throws: `Fault` `damaged_block`.
  func set(of key: UnsafeBufferPointer<UInt8>) throws(Fault) -> Int {
    guard hasSetMark else { return 0 }
    guard let mark = key.first, Int(mark) < sets.count else { throw ByteReader.damaged("a key is malformed") }
    return Int(mark)
  }

  /// The key of a set that has no columns.
  func emptyKey(ofSet set: Int) -> [UInt8] { hasSetMark ? [UInt8(set)] : [] }

  /// Writes the group number of each of `rows` to `numbers`, by row number.
  func number(
    _ columns: [Column], _ rows: Rows, set: Int, in table: GroupTable,
    into numbers: UnsafeMutablePointer<UInt32>
  ) {
    if rows.isEmpty { return }
    let values = sets[set].keys.map { columns[$0] }
    guard let known = known[set], known.isUseful else {
      return look(up: values, rows, set: set, in: table, into: numbers)
    }
    let unknown = known.number(values, rows, in: table, into: numbers)
    if unknown.isEmpty { return }
    look(up: values, unknown, set: set, in: table, into: numbers)
    known.learn(unknown, numbers)
  }

  private func look(
    up values: [Column], _ rows: Rows, set: Int, in table: GroupTable,
    into numbers: UnsafeMutablePointer<UInt32>
  ) {
    let layout = sets[set].layout
    if layout.spellingWidth == 0, pack(values, layout, rows, set: set) {
      return table.number(packed: packed, lengths: lengths, rows: rows, into: numbers)
    }
    rows.forEach { row in
      key.removeAll()
      if hasSetMark { key.append(UInt8(set)) }
      layout.encode(values, row, into: key)
      let number = table.number(taking: key)
      if layout.spellingWidth > 0 {
        spelling.removeAll()
        layout.appendSpelling(values, row, to: spelling)
        table.raiseSpelling(number, by: spelling.start, layout: layout)
      }
      numbers[row] = number
    }
    key.trim()
  }

  /// Builds the keys of a batch column by column in 16 bytes each; false where one does not fit, or holds a
  /// byte that must be escaped.
  private func pack(_ values: [Column], _ layout: KeyLayout, _ rows: Rows, set: Int) -> Bool {
    let (packed, lengths) = (packed, lengths)
    let first: UInt128 = hasSetMark ? UInt128(set) << 120 : 0
    let firstLength: UInt8 = hasSetMark ? 1 : 0
    rows.forEach { row in
      packed[row] = first
      lengths[row] = firstLength
    }
    for (column, value) in zip(layout.columns, values) {
      let isPacked =
        switch column.form {
        case .integer(let width): packIntegers(value, rows, width: width, column.nullMark)
        case .real:
          packBits(value, rows, width: 4, column.nullMark) {
            UInt64(Float(value.doubles[$0]).orderedBits)
          }
        case .double: packBits(value, rows, width: 8, column.nullMark) { value.doubles[$0].orderedBits }
        case .text: packText(value, rows, column.nullMark, isPadded: false)
        case .blankPadded: packText(value, rows, column.nullMark, isPadded: true)
        case .numeric, .interval, .uuid: false
        }
      if !isPacked { return false }
    }
    return true
  }

  private func packIntegers(_ column: Column, _ rows: Rows, width: Int, _ nullMark: UInt8) -> Bool {
    let lanes = column.integers
    let sign: UInt64 = 1 << UInt64(width * 8 - 1)
    let kept = width == 8 ? UInt64.max : 1 << UInt64(width * 8) - 1
    return packBits(column, rows, width: width, nullMark) { UInt64(bitPattern: lanes[$0]) & kept ^ sign }
  }

  @inline(__always)
  private func packBits(
    _ column: Column, _ rows: Rows, width: Int, _ nullMark: UInt8, _ bits: (Int) -> UInt64
  ) -> Bool {
    let (packed, lengths) = (packed, lengths)
    var longest: UInt8 = 0
    let mark = UInt128(KeyColumn.presentMark) << UInt128(width * 8)
    rows.forEach { row in
      let length = lengths[row]
      // A key that is already full is noticed below; its shift may not trap.
      if column.isValid(row) {
        let shift = 120 - Int(truncatingIfNeeded: length) * 8 - width * 8
        packed[row] |= (mark | UInt128(bits(row))) &<< UInt128(truncatingIfNeeded: max(shift, 0))
        lengths[row] = length &+ UInt8(truncatingIfNeeded: width + 1)
      } else {
        packed[row] |= UInt128(nullMark) &<< UInt128(truncatingIfNeeded: max(120 - Int(length) * 8, 0))
        lengths[row] = length &+ 1
      }
      longest = max(longest, lengths[row])
    }
    return longest <= 16
  }

  /// Length of a text without the blanks at its end. Words at a time: byte by byte the end is a guess in every row.
  @inline(__always)
  private static func lengthWithoutBlanks(
    _ bytes: UnsafeRawPointer, _ length: Int
  ) -> Int {
    if length == 0 || bytes.load(fromByteOffset: length &- 1, as: UInt8.self) != 0x20 { return length }
    guard length <= 16 else {
      return UnsafeRawBufferPointer(start: bytes, count: length).withMemoryRebound(to: UInt8.self) {
        $0.withoutTrailingBlanks.count
      }
    }
    let blanks: UInt64 = 0x2020_2020_2020_2020
    // Where there is no blank a bit is left; what stands behind the text is shifted out.
    if length > 8 {
      let high = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ blanks
      let kept = high &<< UInt64(truncatingIfNeeded: 128 &- length &* 8)
      if kept != 0 { return length &- kept.leadingZeroBitCount / 8 }
    }
    let lowLength = min(length, 8)
    let low = bytes.loadUnaligned(as: UInt64.self) ^ blanks
    let kept = low &<< UInt64(truncatingIfNeeded: 64 &- lowLength &* 8)
    return kept == 0 ? 0 : lowLength &- kept.leadingZeroBitCount / 8
  }

  private func packText(_ column: Column, _ rows: Rows, _ nullMark: UInt8, isPadded: Bool) -> Bool {
    let (packed, lengths) = (packed, lengths)
    let slices = column.slices
    let mark = UInt128(KeyColumn.presentMark) << 120
    var fits = true
    rows.forEach { row in
      let used = Int(lengths[row])
      guard column.isValid(row) else {
        packed[row] |= UInt128(nullMark) &<< UInt128(truncatingIfNeeded: max(120 - used * 8, 0))
        lengths[row] += 1
        fits = fits && used < 16
        return
      }
      let start = column.words(row)
      var length = Int(slices[row].length)
      if isPadded { length = Self.lengthWithoutBlanks(start, length) }
      guard used + length + 2 <= 16 else {
        fits = false
        return
      }
      if length <= 8 {
        let word = UInt64(bigEndian: start.loadUnaligned(as: UInt64.self))
        // Those behind the text count as high bytes here: 0 and 1 must be escaped.
        let behind = length == 8 ? 0 : UInt64.max &>> UInt64(length * 8)
        let filled = word | behind
        fits = fits && (filled &- 0x0202_0202_0202_0202) & ~filled & 0x8080_8080_8080_8080 == 0
        let key = mark | UInt128(word & ~behind) &<< 56
        packed[row] |= key &>> UInt128(truncatingIfNeeded: used * 8)
      } else {
        var bits = UInt128(KeyColumn.presentMark)
        for index in 0..<length {
          let byte = start.load(fromByteOffset: index, as: UInt8.self)
          fits = fits && byte > 1
          bits = bits &<< 8 | UInt128(byte)
        }
        packed[row] |= bits &<< UInt128(truncatingIfNeeded: (15 - used - length) * 8)
      }
      // The end mark is the zero behind the text.
      lengths[row] = UInt8(truncatingIfNeeded: used + length + 2)
    }
    return fits
  }
}
