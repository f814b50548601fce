import Model

/// Writes the rows of a whole batch column by column, and reads them back: what unsorted row blocks hold.
///
/// A record is the number of rows and then, per column, a mark whether there are NULLs, the validity bits, and
/// the lanes of all rows, those of NULLs among them.
struct BatchPacking {
  let types: [SQLType]

  func write(_ columns: [Column], _ rows: Rows, to writer: ByteWriter) {
    writer.append(length: rows.count)
    for column in columns {
      writeValidity(column, rows, to: writer)
      switch column.form {
      case .integers: rows.forEach { writer.append(signed: column.integers[$0]) }
      case .doubles: rows.forEach { writer.append(fixed: column.doubles[$0].bitPattern) }
      case .numerics: writeNumerics(column, rows, to: writer)
      case .bytes:
        rows.forEach { writer.append(length: column.isValid($0) ? column.bytes($0).count : 0) }
        rows.forEach { if column.isValid($0) { writer.append(column.bytes($0)) } }
      case .intervals:
        rows.forEach { row in
          writer.append(fixed: column.intervals[row].months)
          writer.append(fixed: column.intervals[row].days)
          writer.append(fixed: column.intervals[row].microseconds)
        }
      case .uuids: rows.forEach { writer.append(fixed: column.uuids[$0]) }
      }
    }
  }

  private func writeValidity(_ column: Column, _ rows: Rows, to writer: ByteWriter) {
    var hasNulls = false
    if column.hasNulls { rows.forEach { hasNulls = hasNulls || column.isNull($0) } }
    writer.append(hasNulls ? 1 : 0)
    guard hasNulls else { return }
    var (byte, bit): (UInt8, UInt8) = (0, 0)
    rows.forEach { row in
      byte |= (column.isValid(row) ? 1 : 0) << bit
      bit += 1
      if bit == 8 {
        writer.append(byte)
        (byte, bit) = (0, 0)
      }
    }
    if bit > 0 { writer.append(byte) }
  }

  private static let narrow: UInt8 = 0
  private static let general: UInt8 = 1

  /// Narrow numerics of one scale are a scale and signed numbers; all others carry their own.
  private func writeNumerics(_ column: Column, _ rows: Rows, to writer: ByteWriter) {
    if column.width == .narrow, let scale = column.scale {
      writer.append(Self.narrow)
      writer.append(length: scale)
      rows.forEach { writer.append(signed: column.integers[$0]) }
    } else {
      writer.append(Self.general)
      rows.forEach { row in
        let value = column.isValid(row) ? column.decimal(row) : .zero
        writer.append(length: value.scale)
        writer.append(decimal: value)
      }
    }
  }

  /// Reads a batch into columns that were cleared; gives the number of its rows.
  func read(_ reader: inout ByteReader, into columns: [Column]) throws(Fault) -> Int {
    let count = try reader.readLength(limit: Column.capacity)
    for column in columns {
      let isNull = try readValidity(&reader, count)
      switch column.form {
      case .integers: for row in 0..<count { column.integers[row] = try reader.readSigned() }
      case .doubles:
        for row in 0..<count { column.doubles[row] = Double(bitPattern: try reader.readFixed(UInt64.self)) }
      case .numerics: try readNumerics(&reader, count, into: column)
      case .bytes: try readBytes(&reader, count, into: column)
      case .intervals:
        for row in 0..<count {
          column.intervals[row] = CalendarInterval(
            months: try reader.readFixed(Int32.self), days: try reader.readFixed(Int32.self),
            microseconds: try reader.readFixed(Int64.self))
        }
      case .uuids: for row in 0..<count { column.uuids[row] = try reader.readFixed(UInt128.self) }
      }
      for row in isNull { column.setNull(row) }
      column.count = count
    }
    return count
  }

  private func readValidity(_ reader: inout ByteReader, _ count: Int) throws(Fault) -> [Int] {
    if try reader.readByte() == 0 { return [] }
    let range = try reader.readRange((count + 7) / 8)
    let reader = reader
    return (0..<count).filter { reader.bytes[range.lowerBound + $0 / 8] >> UInt8($0 % 8) & 1 == 0 }
  }

  private func readNumerics(
    _ reader: inout ByteReader, _ count: Int, into column: Column
  ) throws(Fault) {
    if try reader.readByte() == Self.narrow {
      let scale = try reader.readLength(limit: Decimal.maximumScale)
      column.beginNumerics(.narrow, scale: scale)
      for row in 0..<count { column.integers[row] = try reader.readSigned() }
    } else {
      for row in 0..<count {
        let scale = try reader.readLength(limit: Decimal.maximumScale)
        column.setNumeric(row, try reader.readDecimal(scale: scale))
      }
    }
  }

  private func readBytes(_ reader: inout ByteReader, _ count: Int, into column: Column) throws(Fault) {
    var lengths: [Int] = []
    lengths.reserveCapacity(count)
    for _ in 0..<count { lengths.append(try reader.readLength(limit: reader.end)) }
    for (row, length) in lengths.enumerated() {
      let range = try reader.readRange(length)
      column.setBytes(row, UnsafeBufferPointer(rebasing: reader.bytes[range]))
    }
  }
}
