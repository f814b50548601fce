import Model

/// Writes rows of a batch one by one, and reads them back: the payload of sorted row records. What the row's key holds
/// in full is not among it.
struct RowPacking {
  private let plan: RowPlan
  /// Numbers of the columns that a payload holds.
  private let columns: [Int]

  init(_ plan: RowPlan) {
    self.plan = plan
    let inKey = Set(zip(plan.order, plan.keys.columns).filter { $0.1.holdsBytes }.map(\.0.column))
    columns = plan.schema.indices.filter { !inKey.contains($0) }
  }

  /// Per column: a byte for NULL or not, then the value.
  func write(_ values: [Column], _ row: Int, to writer: ByteWriter) {
    for number in columns {
      let column = values[number]
      guard column.isValid(row) else {
        writer.append(0)
        continue
      }
      writer.append(1)
      switch column.form {
      case .integers: writer.append(signed: column.integers[row])
      case .doubles: writer.append(fixed: column.doubles[row].bitPattern)
      case .numerics:
        let value = column.decimal(row)
        writer.append(length: value.scale)
        writer.append(decimal: value)
      case .bytes: writer.append(lengthAnd: column.bytes(row))
      case .intervals:
        let value = column.intervals[row]
        writer.append(signed: Int64(value.months))
        writer.append(signed: Int64(value.days))
        writer.append(signed: value.microseconds)
      case .uuids: writer.append(fixed: column.uuids[row])
      }
    }
  }

  /// Reads a row from its key and its payload.
  func read(
    _ key: UnsafeBufferPointer<UInt8>, _ payload: inout ByteReader, into values: [Column], _ row: Int
  ) throws(Fault) {
    var key = KeyReader(key)
    let spelling = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    for (order, column) in zip(plan.order, plan.keys.columns) {
      if column.holdsBytes {
        try column.decode(&key, spelling: spelling, into: values[order.column], row)
      } else {
        try column.skip(&key)
      }
    }
    guard key.isAtEnd else { throw ByteReader.damaged("a row is malformed") }
    for number in columns { try Self.read(&payload, into: values[number], row) }
  }

  private static func read(_ reader: inout ByteReader, into column: Column, _ row: Int) throws(Fault) {
    if try reader.readByte() == 0 { return column.writeNull(row) }
    column.setValid(row)
    switch column.form {
    case .integers: column.integers[row] = try reader.readSigned()
    case .doubles: column.doubles[row] = Double(bitPattern: try reader.readFixed(UInt64.self))
    case .numerics:
      let scale = try reader.readLength(limit: Decimal.maximumScale)
      column.setNumeric(row, try reader.readDecimal(scale: scale))
    case .bytes:
      let range = try reader.readLengthAndRange()
      column.setBytes(row, UnsafeBufferPointer(rebasing: reader.bytes[range]))
    case .intervals:
      let (months, days) = (try reader.readSigned(), try reader.readSigned())
      column.intervals[row] = CalendarInterval(
        months: Int32(truncatingIfNeeded: months), days: Int32(truncatingIfNeeded: days),
        microseconds: try reader.readSigned())
    case .uuids: column.uuids[row] = try reader.readFixed(UInt128.self)
    }
  }
}
