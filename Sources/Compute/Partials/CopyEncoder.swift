package import Model

/// Writes batches in the form that `COPY ... FROM STDIN (FORMAT binary)` takes.
///
///     var encoder = CopyEncoder(schema)
///     send(CopyEncoder.header); send(encoder.encode(batch)); ...; send(CopyEncoder.trailer)
package struct CopyEncoder {
  private let forms: [FieldForm]
  /// The rows of a batch, before they are handed on at once.
  private let writer = ByteWriter()

  /// - Parameter schema: the columns of every batch; the target's columns must have these types.
  package init(_ schema: [ColumnSchema]) { forms = schema.map { FieldForm($0.type) } }

  /// Signature, flags and length of the extension area.
  package static let header: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)

  package static let trailer: [UInt8] = [0xFF, 0xFF]

  /// Appends the rows of a batch.
  package func append(_ batch: borrowing Batch, to bytes: inout [UInt8]) {
    let forms = forms
    let rows = batch.rows
    let writer = writer
    writer.removeAll()
    let columns = batch.columns
    // References are counted once a batch, not once a value: they cost as much as what is done with one.
    withExtendedLifetime(columns) {
      let columns = columns.map { Unmanaged.passUnretained($0) }
      for position in 0..<rows.count {
        let row = rows[position]
        writer.append(bigEndian: UInt16(truncatingIfNeeded: columns.count))
        for index in columns.indices {
          columns[index]._withUnsafeGuaranteedRef {
            Self.appendField($0, row, as: forms[index], to: writer)
          }
        }
      }
    }
    bytes.append(contentsOf: writer.bytes)
  }

  /// Appends one value: its length, or -1 for NULL, and its binary form.
  static func appendField(_ column: Column, _ row: Int, as form: FieldForm, to bytes: ByteWriter) {
    guard column.isValid(row) else { return bytes.append(bigEndian: Int32(-1)) }
    switch form {
    case .boolean:
      bytes.append(bigEndian: Int32(1))
      bytes.append(column.integers[row] == 0 ? 0 : 1)
    case .smallint:
      bytes.append(bigEndian: Int32(2))
      bytes.append(bigEndian: Int16(truncatingIfNeeded: column.integers[row]))
    case .integer:
      bytes.append(bigEndian: Int32(4))
      bytes.append(bigEndian: Int32(truncatingIfNeeded: column.integers[row]))
    case .bigint:
      bytes.append(bigEndian: Int32(8))
      bytes.append(bigEndian: column.integers[row])
    case .real:
      bytes.append(bigEndian: Int32(4))
      bytes.append(bigEndian: Float(column.doubles[row]).bitPattern)
    case .double:
      bytes.append(bigEndian: Int32(8))
      bytes.append(bigEndian: column.doubles[row].bitPattern)
    case .numeric: appendNumeric(column, row, to: bytes)
    case .interval:
      let value = column.intervals[row]
      bytes.append(bigEndian: Int32(16))
      bytes.append(bigEndian: value.microseconds)
      bytes.append(bigEndian: value.days)
      bytes.append(bigEndian: value.months)
    case .uuid:
      bytes.append(bigEndian: Int32(16))
      bytes.append(bigEndian: column.uuids[row])
    case .jsonb:
      let text = column.bytes(row)
      bytes.append(bigEndian: Int32(truncatingIfNeeded: text.count + 1))
      // The version of jsonb's binary form.
      bytes.append(1)
      bytes.append(text)
    case .bytes:
      let value = column.bytes(row)
      bytes.append(bigEndian: Int32(truncatingIfNeeded: value.count))
      bytes.append(value)
    }
  }

  /// Numerics of up to 18 digits are taken apart here, longer ones by `Decimal`.
  private static func appendNumeric(_ column: Column, _ row: Int, to bytes: ByteWriter) {
    guard let (mantissa, scale) = column.parts(row), let narrow = Int64(exactly: mantissa),
      narrow.magnitude < 1_000_000_000_000_000_000
    else {
      var binary: [UInt8] = []
      column.decimal(row).appendBinary(to: &binary)
      bytes.append(bigEndian: UInt32(truncatingIfNeeded: binary.count))
      bytes.append(binary[...])
      return
    }
    // With the decimals that the scale leaves over one digit more.
    if narrow.magnitude < 1_000_000_000_000 {
      appendDigits(of: narrow, scale, in: UInt64(0), to: bytes)
    } else {
      appendDigits(of: narrow, scale, in: UInt128(0), to: bytes)
    }
  }

  /// - Parameter empty: 0 of a type that has room for the digits.
  @inline(__always)
  private static func appendDigits<Digits: FixedWidthInteger & UnsignedInteger>(
    of narrow: Int64, _ scale: Int, in empty: Digits, to bytes: ByteWriter
  ) {
    // Digits of base 10,000, 16 bits each, the lowest first, which holds only the decimals that the scale
    // leaves over.
    var digits = empty
    var count = 0
    var rest = narrow.magnitude
    let partial = scale & 3
    if partial != 0 {
      let unit: UInt64 = partial == 1 ? 10 : partial == 2 ? 100 : 1_000
      digits = Digits(truncatingIfNeeded: rest % unit * (10_000 / unit))
      rest /= unit
      count = 1
    }
    while rest > 0 {
      digits |= Digits(truncatingIfNeeded: rest % 10_000) &<< Digits(truncatingIfNeeded: count * 16)
      rest /= 10_000
      count += 1
    }
    func digit(_ index: Int) -> UInt16 {
      UInt16(truncatingIfNeeded: digits &>> Digits(truncatingIfNeeded: index * 16))
    }
    if count > 0, digit(count - 1) == 0 { count -= 1 }
    // Zeros at the end are not sent.
    let low = digits == 0 ? 0 : digits.trailingZeroBitCount / 16
    let kept = count - low
    let fractionDigits = (scale + 3) / 4
    bytes.append(bigEndian: Int32(truncatingIfNeeded: 8 + kept * 2))
    bytes.append(bigEndian: Int16(truncatingIfNeeded: kept))
    bytes.append(bigEndian: Int16(truncatingIfNeeded: kept == 0 ? 0 : count - 1 - fractionDigits))
    bytes.append(bigEndian: UInt16(narrow < 0 ? 0x4000 : 0))
    bytes.append(bigEndian: UInt16(truncatingIfNeeded: scale))
    for index in stride(from: count - 1, through: low, by: -1) { bytes.append(bigEndian: digit(index)) }
  }
}

/// How COPY's binary form has a value: what of its type is looked at for every value, without a reference to count.
enum FieldForm {
  case boolean, smallint, integer, bigint, real, double, numeric, interval, uuid, jsonb, bytes

  init(_ type: SQLType) {
    self =
      switch type {
      case .boolean: .boolean
      case .smallint: .smallint
      case .integer, .date: .integer
      case .bigint, .timestamp, .timestamptz: .bigint
      case .real: .real
      case .double: .double
      case .numeric: .numeric
      case .interval: .interval
      case .uuid: .uuid
      case .jsonb: .jsonb
      case .text, .varchar, .char, .name, .enumeration, .bytea, .json, .opaque: .bytes
      }
  }
}
