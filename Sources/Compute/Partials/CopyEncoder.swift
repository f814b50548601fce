package import Model

/// Writes batches in the form that `COPY ... FROM STDIN (FORMAT binary)` takes.
///
///     var encoder = CopyEncoder(schema)
///     send(CopyEncoder.header); send(encoder.encode(batch)); ...; send(CopyEncoder.trailer)
package struct CopyEncoder {
  private let types: [SQLType]

  /// - Parameter schema: the columns of every batch; the target's columns must have these types.
  package init(_ schema: [ColumnSchema]) { types = schema.map(\.type) }

  /// Signature, flags and length of the extension area.
  package static let header: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)

  package static let trailer: [UInt8] = [0xFF, 0xFF]

  /// Appends the rows of a batch.
  package func append(_ batch: borrowing Batch, to bytes: inout [UInt8]) {
    let columns = batch.columns
    let types = types
    bytes.reserveCapacity(bytes.count + batch.rows.count * columns.count * 12)
    let rows = batch.rows
    for position in 0..<rows.count {
      let row = rows[position]
      Self.append(UInt16(columns.count), to: &bytes)
      for index in columns.indices { Self.appendField(columns[index], row, type: types[index], to: &bytes) }
    }
  }

  @inline(__always)
  private static func append<Number: FixedWidthInteger>(_ value: Number, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends one value: its length, or -1 for NULL, and its binary form.
  static func appendField(_ column: Column, _ row: Int, type: SQLType, to bytes: inout [UInt8]) {
    guard column.isValid(row) else { return append(Int32(-1), to: &bytes) }
    switch type {
    case .boolean:
      append(Int32(1), to: &bytes)
      bytes.append(column.integers[row] == 0 ? 0 : 1)
    case .smallint:
      append(Int32(2), to: &bytes)
      append(Int16(truncatingIfNeeded: column.integers[row]), to: &bytes)
    case .integer, .date:
      append(Int32(4), to: &bytes)
      append(Int32(truncatingIfNeeded: column.integers[row]), to: &bytes)
    case .bigint, .timestamp, .timestamptz:
      append(Int32(8), to: &bytes)
      append(column.integers[row], to: &bytes)
    case .real:
      append(Int32(4), to: &bytes)
      append(Float(column.doubles[row]).bitPattern, to: &bytes)
    case .double:
      append(Int32(8), to: &bytes)
      append(column.doubles[row].bitPattern, to: &bytes)
    case .numeric: appendNumeric(column, row, to: &bytes)
    case .interval:
      let value = column.intervals[row]
      append(Int32(16), to: &bytes)
      append(value.microseconds, to: &bytes)
      append(value.days, to: &bytes)
      append(value.months, to: &bytes)
    case .uuid:
      append(Int32(16), to: &bytes)
      append(column.uuids[row], to: &bytes)
    case .jsonb:
      let text = column.bytes(row)
      append(Int32(truncatingIfNeeded: text.count + 1), to: &bytes)
      // The version of jsonb's binary form.
      bytes.append(1)
      bytes.append(contentsOf: text)
    case .text, .varchar, .char, .name, .enumeration, .bytea, .json, .opaque:
      let value = column.bytes(row)
      append(Int32(truncatingIfNeeded: value.count), to: &bytes)
      bytes.append(contentsOf: value)
    }
  }

  /// Numerics of up to 18 digits are taken apart here, longer ones by `Decimal`.
  private static func appendNumeric(_ column: Column, _ row: Int, to bytes: inout [UInt8]) {
    guard let (mantissa, scale) = column.parts(row), let narrow = Int64(exactly: mantissa),
      narrow.magnitude < 1_000_000_000_000_000_000
    else {
      let start = bytes.count
      append(Int32(0), to: &bytes)
      column.decimal(row).appendBinary(to: &bytes)
      let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
      withUnsafeBytes(of: length.bigEndian) { word in
        for index in 0..<4 { bytes[start + index] = word[index] }
      }
      return
    }
    // Digits of base 10,000, lowest first; the lowest holds only the decimals that the scale leaves over.
    var digits: (UInt64, UInt64) = (0, 0)
    var rest = narrow.magnitude
    let partial = scale & 3
    var count = 0
    withUnsafeMutableBytes(of: &digits) { raw in
      func put(_ digit: UInt64) {
        raw.storeBytes(of: UInt16(truncatingIfNeeded: digit), toByteOffset: count * 2, as: UInt16.self)
        count += 1
      }
      if partial != 0 {
        let unit: UInt64 = partial == 1 ? 10 : partial == 2 ? 100 : 1_000
        put(rest % unit * (10_000 / unit))
        rest /= unit
      }
      while rest > 0 {
        put(rest % 10_000)
        rest /= 10_000
      }
      let fractionDigits = (scale + 3) / 4
      var low = 0
      func digit(_ index: Int) -> UInt16 { raw.load(fromByteOffset: index * 2, as: UInt16.self) }
      while count > 0, digit(count - 1) == 0 { count -= 1 }
      while low < count, digit(low) == 0 { low += 1 }
      let kept = count - low
      let shownWeight = kept == 0 ? 0 : count - 1 - fractionDigits
      append(Int32(truncatingIfNeeded: 8 + kept * 2), to: &bytes)
      append(Int16(truncatingIfNeeded: kept), to: &bytes)
      append(Int16(truncatingIfNeeded: shownWeight), to: &bytes)
      append(UInt16(narrow < 0 ? 0x4000 : 0), to: &bytes)
      append(UInt16(truncatingIfNeeded: scale), to: &bytes)
      for index in stride(from: count - 1, through: low, by: -1) { append(digit(index), to: &bytes) }
    }
  }
}
