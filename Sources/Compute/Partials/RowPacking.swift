import Model

/// Writes rows of a batch one by one, and reads them back: the payload of sorted row records.
struct RowPacking {
  let types: [SQLType]

  /// Per column: a byte for NULL or not, then the value.
  func write(_ columns: [Column], _ row: Int, to writer: ByteWriter) {
    for column in columns {
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

  func read(_ reader: inout ByteReader, into columns: [Column], _ row: Int) throws(Fault) {
    for column in columns {
      if try reader.readByte() == 0 {
        column.writeNull(row)
        continue
      }
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
}
