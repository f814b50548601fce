package import Model

/// Writes batches in the form that `COPY ... FROM STDIN (FORMAT binary)` takes.
///
///     send(CopyEncoder.header)
///     var pieces = encoder.pieces(of: batch); while let piece = pieces.next() { send(piece) }
///     send(CopyEncoder.trailer)
package struct CopyEncoder {
  private let forms: [FieldForm]
  /// The rows of a batch, before they are handed on at once.
  private let writer = ByteWriter()
  /// The texts of a batch that take more are handed on in pieces, of some such size.
  private static let largest = 1 << 24
  private static let pieceSize = 1 << 20

  /// - Parameter schema: the columns of every batch; the target's columns must have these types.
  package init(_ schema: [ColumnSchema]) { forms = schema.map { FieldForm($0.type) } }

  /// Signature, flags and length of the extension area.
  package static let header: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)

  package static let trailer: [UInt8] = [0xFF, 0xFF]

  /// The rows of a batch, in one piece or, where they are large, in several, a long value as it lies in its column. One
  /// batch at a time.
  package func pieces(of batch: borrowing Batch) -> Pieces {
    Pieces(
      columns: batch.columns, rows: batch.rows, encoder: self,
      isLarge: batch.columns.reduce(0) { $0 + $1.dataCount } > Self.largest)
  }

  /// The pieces of one batch, each good until the next one is asked for.
  package struct Pieces {
    fileprivate let columns: [Column]
    fileprivate let rows: Rows
    fileprivate let encoder: CopyEncoder
    fileprivate let isLarge: Bool
    /// The first field that is not in a piece yet: row and column.
    private var position = 0
    private var index = 0
    /// The value of the field before it, which is a piece of its own.
    private var long: UnsafeBufferPointer<UInt8>?

    fileprivate init(columns: [Column], rows: Rows, encoder: CopyEncoder, isLarge: Bool) {
      self.columns = columns
      self.rows = rows
      self.encoder = encoder
      self.isLarge = isLarge
    }

    /// The next bytes, valid until the one after them is asked for; nil behind the last.
    package mutating func next() -> UnsafeBufferPointer<UInt8>? {
      if let value = long.take() { return value }
      encoder.writer.removeAll()
      if isLarge {
        encodePiece()
      } else if position < rows.count {
        encoder.encode(columns, rows)
        position = rows.count
      }
      return encoder.writer.count == 0 ? nil : encoder.writer.bytes
    }

    private mutating func encodePiece() {
      let writer = encoder.writer
      while position < rows.count, writer.count < CopyEncoder.pieceSize {
        let row = rows[position]
        if index == 0 { CopyEncoder.beginRow(fields: columns.count, to: writer) }
        while index < columns.count, long == nil {
          long = CopyEncoder.appendLong(columns[index], row, as: encoder.forms[index], to: writer)
          if long == nil {
            CopyEncoder.appendField(columns[index], row, as: encoder.forms[index], to: writer)
          }
          index += 1
        }
        if index == columns.count { (position, index) = (position + 1, 0) }
        if long != nil { return }
      }
    }
  }

  private func encode(_ columns: [Column], _ rows: Rows) {
    let (forms, writer) = (forms, writer)
    // References are counted once a batch, not once a value: they cost as much as what is done with one.
    withExtendedLifetime(columns) {
      let columns = columns.map { Unmanaged.passUnretained($0) }
      for position in 0..<rows.count {
        let row = rows[position]
        Self.beginRow(fields: columns.count, to: writer)
        for index in columns.indices {
          columns[index]._withUnsafeGuaranteedRef {
            Self.appendField($0, row, as: forms[index], to: writer)
          }
        }
      }
    }
  }

  @inline(__always)
  private static func beginRow(fields: Int, to bytes: ByteWriter) {
    bytes.append(bigEndian: UInt16(truncatingIfNeeded: fields))
  }

  /// Appends what stands before a value that is long, and gives the value; nil, and nothing appended, for any other.
  private static func appendLong(
    _ column: Column, _ row: Int, as form: FieldForm, to bytes: ByteWriter
  ) -> UnsafeBufferPointer<UInt8>? {
    guard form == .bytes || form == .jsonb, column.isValid(row) else { return nil }
    let value = column.bytes(row)
    if value.count <= pieceSize { return nil }
    beginBytes(value, as: form, to: bytes)
    return value
  }

  /// Appends the length of a value and, for a jsonb, the version of its binary form.
  private static func beginBytes(
    _ value: UnsafeBufferPointer<UInt8>, as form: FieldForm, to bytes: ByteWriter
  ) {
    bytes.append(bigEndian: Int32(truncatingIfNeeded: form == .jsonb ? value.count + 1 : value.count))
    if form == .jsonb { bytes.append(1) }
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
    case .jsonb, .bytes:
      let value = column.bytes(row)
      beginBytes(value, as: form, to: bytes)
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
