import Model

/// The columns of a key and of the spelling beside it.
struct KeyLayout: Hashable {
  let columns: [KeyColumn]
  /// Where the spelling of each column starts, and how many bytes all take.
  let spellingOffsets: [Int]
  let spellingWidth: Int

  init(_ columns: [KeyColumn]) {
    self.columns = columns
    var offset = 0
    spellingOffsets = columns.map { column in
      defer { offset += column.form.spellingWidth }
      return offset
    }
    spellingWidth = offset
  }

  func encode(_ values: [Column], _ row: Int, into key: ByteWriter) {
    for (column, value) in zip(columns, values) { column.encode(value, row, into: key) }
  }

  func appendSpelling(_ values: [Column], _ row: Int, to spelling: ByteWriter) {
    if spellingWidth == 0 { return }
    for (column, value) in zip(columns, values) { column.appendSpelling(value, row, to: spelling) }
  }

  /// Replaces the parts of `kept` that `other` spells greater.
  func raiseSpelling(_ kept: UnsafeMutablePointer<UInt8>, by other: UnsafePointer<UInt8>) {
    for (column, offset) in zip(columns, spellingOffsets) {
      for index in offset..<offset + column.form.spellingWidth where kept[index] != other[index] {
        if kept[index] < other[index] {
          let rest = offset + column.form.spellingWidth - index
          (kept + index).update(from: other + index, count: rest)
        }
        break
      }
    }
  }

  /// Writes the values of a key to `into`, one column each, at `row`.
  func decode(
    _ key: inout KeyReader, spelling: UnsafeBufferPointer<UInt8>, into values: [Column], _ row: Int
  ) throws(Fault) {
    for (index, column) in columns.enumerated() {
      let part = UnsafeBufferPointer(rebasing: spelling[spellingOffsets[index]...])
      try column.decode(&key, spelling: part, into: values[index], row)
    }
  }

  func skip(_ key: inout KeyReader) throws(Fault) {
    for column in columns { try column.skip(&key) }
  }
}
