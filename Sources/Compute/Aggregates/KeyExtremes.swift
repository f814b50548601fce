import Expressions
import Model

/// The least or greatest row of each group by a key: `min` and `max` over texts, intervals and uuids, and
/// `first` and `last` in an order.
///
/// The key of a row is its ordering expressions, then the value, which so breaks ties; of equal keys with
/// several spellings the representative is kept. NULL values count for `first` and `last`, not for `min` and
/// `max`.
final class KeyExtremes: Accumulator {
  private let isMaximum: Bool
  private let skipsNulls: Bool
  /// Ordering expressions, then the value.
  private let layout: KeyLayout
  /// Spelling, then key.
  private var slots = ByteSlots()
  private let entry = ByteWriter()

  /// `min` and `max`.
  init(_ type: SQLType, isMaximum: Bool) {
    self.isMaximum = isMaximum
    skipsNulls = true
    layout = KeyLayout([KeyColumn(type)])
  }

  /// `first` and `last`: `update` takes the value, then the ordering expressions.
  init(_ type: SQLType, order: [KeyColumn], isLast: Bool) {
    isMaximum = isLast
    skipsNulls = false
    layout = KeyLayout(order + [KeyColumn(type)])
  }

  var memory: Int { slots.memory }

  func grow(to count: Int) { slots.grow(to: count) }

  func removeAll() { slots.removeAll() }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let values = Array(arguments.dropFirst() + arguments.prefix(1))
    rows.rows.forEach { row in
      if skipsNulls && arguments[0].isNull(row) { return }
      entry.removeAll()
      layout.appendSpelling(values, row, to: entry)
      layout.encode(values, row, into: entry)
      take(rows.group(ofRow: row))
    }
    entry.trim()
  }

  /// Takes `entry` if it stands before what the group has.
  private func take(_ group: Int) {
    let width = layout.spellingWidth
    if slots.isSet(group) {
      let kept = slots.bytes(group)
      var order = KeyOrder.compare(
        UnsafeBufferPointer(rebasing: entry.bytes[width...]), UnsafeBufferPointer(rebasing: kept[width...]))
      if order == 0 {
        if width > 0, let base = kept.baseAddress { layout.raiseSpelling(entry.start, by: base) }
        order = KeyOrder.compare(entry.bytes, kept) == 0 ? 0 : isMaximum ? 1 : -1
      }
      if order == 0 || (order > 0) != isMaximum { return }
    }
    slots.set(group, taking: entry)
  }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(lengthAnd: slots.bytes(group))
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let range = try reader.readLengthAndRange()
    if range.isEmpty { return }
    guard range.count > layout.spellingWidth else { throw ByteReader.damaged("a value is too short") }
    let bytes = UnsafeBufferPointer(rebasing: reader.bytes[range])
    // Mostly the first one.
    if !slots.isSet(group) { return slots.set(group, bytes) }
    if layout.spellingWidth == 0 {
      let order = KeyOrder.compare(bytes, slots.bytes(group))
      if order != 0, (order > 0) == isMaximum { slots.set(group, bytes) }
      return
    }
    entry.trim()
    entry.append(bytes)
    take(group)
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    guard slots.isSet(group) else { return column.writeNull(row) }
    let kept = slots.bytes(group)
    var key = KeyReader(UnsafeBufferPointer(rebasing: kept[layout.spellingWidth...]))
    for column in layout.columns.dropLast() { try column.skip(&key) }
    let last = layout.columns.count - 1
    let spelling = UnsafeBufferPointer(rebasing: kept[layout.spellingOffsets[last]...])
    try layout.columns[last].decode(&key, spelling: spelling, into: column, row)
  }
}
