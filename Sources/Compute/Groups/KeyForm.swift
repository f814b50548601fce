import Model

/// How the values of a type are written as bytes whose order (that of `memcmp`) is the values' order.
///
/// Every form is prefix-free, so that keys of several columns are their parts one after another.
enum KeyForm: Hashable {
  /// Sign bit turned, most significant byte first: booleans, integers, dates, timestamps.
  case integer(bytes: Int)
  /// IEEE bits in numeric order; -0 is written as +0, and all NaN as one above infinity.
  case real, double
  /// Class, decimal exponent, digits in base 100 (see `ByteWriter.append(numeric:)`).
  case numeric
  /// Bytes with an end mark: the order of collation `C`. Enum labels and what is only carried are among them.
  case text
  /// Text without its trailing blanks. `length` is that of `char(n)`, in characters.
  case blankPadded(length: Int?)
  /// The length by which Postgres orders intervals, in 10 bytes.
  case interval
  case uuid

  init(_ type: SQLType) {
    switch type {
    case .boolean: self = .integer(bytes: 1)
    case .smallint: self = .integer(bytes: 2)
    case .integer, .date: self = .integer(bytes: 4)
    case .bigint, .timestamp, .timestamptz: self = .integer(bytes: 8)
    case .numeric: self = .numeric
    case .real: self = .real
    case .double: self = .double
    case .text, .varchar, .name, .enumeration, .bytea, .json, .jsonb, .opaque: self = .text
    case .char(let length): self = .blankPadded(length: length)
    case .interval: self = .interval
    case .uuid: self = .uuid
    }
  }

  /// Bytes of the spelling kept beside a key, where equal values may be written in several ways. Spellings
  /// of equal values are compared as bytes, and the greatest is the representative: the largest scale, the
  /// most months and then days, the most trailing blanks.
  var spellingWidth: Int {
    switch self {
    case .integer, .real, .double, .text, .uuid: 0
    case .numeric: 2
    case .blankPadded(let length): length == nil ? 4 : 0
    case .interval: 8
    }
  }
}

/// One column of a key: its form and the direction in which it is ordered.
struct KeyColumn: Hashable {
  let form: KeyForm
  let isDescending: Bool
  let nullsFirst: Bool

  /// The key holds the value's own bytes, so that nobody need write them beside it.
  var holdsBytes: Bool { form == .text }

  /// The byte before a value; NULL's is below or above it.
  static let presentMark: UInt8 = 2
  var nullMark: UInt8 { nullsFirst ? 1 : 3 }

  init(_ type: SQLType, isDescending: Bool = false, nullsFirst: Bool = false) {
    form = KeyForm(type)
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }

  /// Appends the value of `column` at `row`; `column` may not change meanwhile.
  func encode(_ column: Column, _ row: Int, into key: ByteWriter) {
    guard column.isValid(row) else { return key.append(nullMark) }
    key.append(Self.presentMark)
    let start = key.count
    switch form {
    case .integer(let width): Self.append(column.integers[row], width: width, to: key)
    case .real: key.append(bigEndian: Float(column.doubles[row]).orderedBits)
    case .double: key.append(bigEndian: column.doubles[row].orderedBits)
    case .numeric: key.append(numeric: column, row)
    case .text: key.append(terminated: column.bytes(row))
    case .blankPadded: key.append(terminated: column.bytes(row).withoutTrailingBlanks)
    case .interval:
      let length = column.intervals[row].comparisonKey + Self.intervalBias
      key.append(bigEndian: UInt16(truncatingIfNeeded: length >> 64))
      key.append(bigEndian: UInt64(truncatingIfNeeded: length))
    case .uuid: key.append(bigEndian: column.uuids[row])
    }
    if isDescending { key.complement(from: start) }
  }

  /// Half the range of 80 bits; the longest interval needs 74.
  static let intervalBias = Int128(1) << 79

  @inline(__always)
  private static func append(_ value: Int64, width: Int, to key: ByteWriter) {
    let unsigned = UInt64(bitPattern: value)
    switch width {
    case 1: key.append(UInt8(truncatingIfNeeded: unsigned) ^ 0x80)
    case 2: key.append(bigEndian: UInt16(truncatingIfNeeded: unsigned) ^ 0x8000)
    case 4: key.append(bigEndian: UInt32(truncatingIfNeeded: unsigned) ^ 0x8000_0000)
    default: key.append(bigEndian: unsigned ^ 0x8000_0000_0000_0000)
    }
  }

  /// Appends the spelling of the value, `form.spellingWidth` bytes; zeros for NULL.
  func appendSpelling(_ column: Column, _ row: Int, to key: ByteWriter) {
    let isValid = column.isValid(row)
    switch form {
    case .numeric:
      key.append(bigEndian: UInt16(truncatingIfNeeded: isValid ? column.numericScale(row) : 0))
    case .interval:
      let value = isValid ? column.intervals[row] : CalendarInterval(months: .min, days: .min)
      key.append(bigEndian: UInt32(bitPattern: value.months) ^ 0x8000_0000)
      key.append(bigEndian: UInt32(bitPattern: value.days) ^ 0x8000_0000)
    case .blankPadded(nil):
      let bytes = column.bytes(row)
      let blanks = isValid ? bytes.count - bytes.withoutTrailingBlanks.count : 0
      key.append(bigEndian: UInt32(truncatingIfNeeded: blanks))
    case .integer, .real, .double, .text, .blankPadded, .uuid: break
    }
  }
}

extension Column {
  /// The number of decimals of the numeric at `row`; zero for NaN and the infinities.
  @inline(__always)
  func numericScale(_ row: Int) -> Int {
    width == .general ? decimal(row).scale : scale(ofRow: row)
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// What `char(n)` compares by.
  var withoutTrailingBlanks: UnsafeBufferPointer<UInt8> {
    var length = count
    while length > 0, self[length - 1] == 0x20 { length -= 1 }
    return UnsafeBufferPointer(start: baseAddress, count: length)
  }
}

extension Double {
  /// Bits that sort as the number does: -0 as +0, NaN above infinity, as Postgres orders them.
  @inline(__always)
  var orderedBits: UInt64 {
    if isNaN { return .max }
    let bits = (self + 0).bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  init(orderedBits bits: UInt64) {
    self = bits == .max ? .nan : Double(bitPattern: bits >> 63 == 1 ? bits & ~(1 << 63) : ~bits)
  }
}

extension Float {
  @inline(__always)
  var orderedBits: UInt32 {
    if isNaN { return .max }
    let bits = (self + 0).bitPattern
    return bits >> 31 == 1 ? ~bits : bits | 1 << 31
  }

  init(orderedBits bits: UInt32) {
    self = bits == .max ? .nan : Float(bitPattern: bits >> 31 == 1 ? bits & ~(1 << 31) : ~bits)
  }
}
