internal import Model

/// The text form: a row a line, fields between tabs, `\N` for NULL, backslashes before what would be taken
/// for one of these. Source: the PostgreSQL documentation, COPY, File Formats.
extension CopyDecoder {
  /// Where the last whole row ends; `nil` where none does. Within a field a newline is escaped.
  static func endOfLastRow(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var end = bytes.count
    while end > 0 {
      if bytes[end - 1] == TextField.newline { return end }
      end -= 1
    }
    return nil
  }

  /// Decodes the rows before `end`, where one ends; says how many bytes they took and whether the batch is
  /// full.
  mutating func decodeTextRows(
    _ bytes: UnsafeRawBufferPointer, end: Int
  ) throws(Fault) -> (used: Int, isFull: Bool) {
    guard let start = bytes.baseAddress, end > 0 else { return (0, false) }
    if schema.isEmpty { throw Self.malformed("A text row without columns cannot be told from none") }
    var position = start
    while position < start + end {
      if count == Column.capacity { return (position - start, true) }
      let next = try decodeTextRow(position, bytes)
      batchSize += next - position
      position = next
      count += 1
      if batchSize > Self.batchBytes { return (position - start, true) }
    }
    return (position - start, false)
  }

  /// Decodes the row at `start`, whose newline is known to come; says where the next one begins.
  @inline(__always)
  private mutating func decodeTextRow(
    _ start: UnsafeRawPointer, _ bytes: UnsafeRawBufferPointer
  ) throws(Fault) -> UnsafeRawPointer {
    var position = start
    let last = schema.count - 1
    for index in 0...last {
      guard let end = targets[index].decode(TextField(start: position, bytes: bytes), row: count) else {
        throw malformedField(index, length: nil)
      }
      guard end.load(as: UInt8.self) == (index == last ? TextField.newline : TextField.tab) else {
        throw Self.malformed("A COPY row has not the \(schema.count) fields that were expected")
      }
      position = end + 1
    }
    return position
  }
}
