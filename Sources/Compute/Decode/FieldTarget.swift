internal import Model

/// Where one field of a COPY row goes: a column's memory, unpacked so that decoding a value touches no
/// object and no reference count.
struct FieldTarget {
  enum Kind: UInt8 {
    case boolean, int16, int32, int64, date, timestamp, float, double, numeric, text, bytes, jsonb, interval,
      uuid
  }

  let kind: Kind
  // The decoder keeps the column alive for as long as it keeps the target.
  unowned(unsafe) let column: Column
  private let lanes: UnsafeMutableRawPointer
  private let validity: UnsafeMutablePointer<UInt64>
  private var hasNulls = false
  /// The scale that all numerics so far share while they are narrow; else one that no number has.
  var scale = FieldTarget.noScale
  private(set) var data: UnsafeMutablePointer<UInt8>
  private(set) var dataCount = 0
  private var dataCapacity: Int
  var foundInvalidUTF8 = false

  static let noScale: Int64 = -1
  // Beyond these, calendar arithmetic would have to expect overflow everywhere.
  private static var validDays: ClosedRange<Int32> { -2_451_545...2_145_031_948 }
  private static var validMicroseconds: Range<Int64> { -211_813_488_000_000_000..<9_223_371_331_200_000_000 }

  init(_ column: Column) {
    self.column = column
    kind =
      switch column.type {
      case .boolean: .boolean
      case .smallint: .int16
      case .integer: .int32
      case .bigint: .int64
      case .date: .date
      case .timestamp, .timestamptz: .timestamp
      case .real: .float
      case .double: .double
      case .numeric: .numeric
      case .text, .varchar, .char, .name, .enumeration, .json: .text
      case .jsonb: .jsonb
      case .bytea, .opaque: .bytes
      case .interval: .interval
      case .uuid: .uuid
      }
    lanes = column.lanes
    validity = column.validity
    data = column.data
    dataCapacity = column.dataCapacity
    start()
  }

  mutating func start() {
    column.startBatch()
    data = column.data
    dataCapacity = column.dataCapacity
    dataCount = 0
    hasNulls = false
    scale = Self.noScale
    validity.update(repeating: .max, count: Column.validityWords)
  }

  func seal(count: Int) {
    column.hasNulls = hasNulls
    column.dataCount = dataCount
    column.count = count
  }

  @inline(__always)
  mutating func setNull(_ row: Int) {
    hasNulls = true
    validity[row &>> 6] &= ~(1 &<< UInt64(row & 63))
    switch kind {
    case .interval, .uuid:
      (lanes + row &* 16).storeBytes(of: 0, as: UInt64.self)
      (lanes + row &* 16).storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    default: (lanes + row &* 8).storeBytes(of: 0, as: UInt64.self)
    }
  }

  /// Gives back the bytes of `row`, decoded last.
  mutating func takeBack(row: Int) {
    switch kind {
    case .text, .bytes, .jsonb:
      guard validity[row &>> 6] &>> UInt64(row & 63) & 1 != 0 else { return }
      dataCount = Int(lanes.load(fromByteOffset: row * 8, as: ByteSlice.self).offset)
    default: return
    }
  }

  /// Decodes a value of `length` bytes; false where they are no value of the type. `available` bytes, at
  /// least `length`, may be read.
  @inline(__always)
  mutating func decode(_ bytes: UnsafeRawPointer, length: Int, available: Int, row: Int) -> Bool {
    switch kind {
    case .boolean:
      guard length == 1 else { return false }
      store(bytes.load(as: UInt8.self) != 0 ? 1 : 0, row)
    case .int16:
      guard length == 2 else { return false }
      store(Int64(Int16(bitPattern: bytes.bigEndian16(0))), row)
    case .int32:
      guard length == 4 else { return false }
      store(Int64(Int32(bitPattern: bytes.bigEndian32(0))), row)
    case .int64:
      guard length == 8 else { return false }
      store(Int64(bitPattern: bytes.bigEndian64(0)), row)
    case .date:
      guard length == 4 else { return false }
      let days = Int32(bitPattern: bytes.bigEndian32(0))
      guard Self.isDate(days) else { return false }
      store(Int64(days), row)
    case .timestamp:
      guard length == 8 else { return false }
      let moment = Timestamp(microseconds: Int64(bitPattern: bytes.bigEndian64(0)))
      guard Self.validMicroseconds.contains(moment.microseconds) || !moment.isFinite else { return false }
      store(moment.microseconds, row)
    case .float:
      guard length == 4 else { return false }
      (lanes + row &* 8).storeBytes(of: Double(Float(bitPattern: bytes.bigEndian32(0))), as: Double.self)
    case .double:
      guard length == 8 else { return false }
      (lanes + row &* 8).storeBytes(of: Double(bitPattern: bytes.bigEndian64(0)), as: Double.self)
    case .numeric: return decodeNumeric(bytes, length: length, available: available, row: row)
    case .text: return decodeText(bytes, length: length, available: available, row: row)
    case .bytes: copy(bytes, length: length, row: row)
    case .jsonb:
      // One byte of format version, always 1, goes before the text.
      guard length >= 1, bytes.load(as: UInt8.self) == 1 else { return false }
      return decodeText(bytes + 1, length: length - 1, available: available - 1, row: row)
    case .interval:
      guard length == 16 else { return false }
      let interval = CalendarInterval(
        months: Int32(bitPattern: bytes.bigEndian32(12)), days: Int32(bitPattern: bytes.bigEndian32(8)),
        microseconds: Int64(bitPattern: bytes.bigEndian64(0)))
      lanes.assumingMemoryBound(to: CalendarInterval.self)[row] = interval
    case .uuid:
      guard length == 16 else { return false }
      lanes.assumingMemoryBound(to: UInt128.self)[row] =
        UInt128(bytes.bigEndian64(0)) << 64 | UInt128(bytes.bigEndian64(8))
    }
    return true
  }

  @inline(__always)
  static func isDate(_ days: Int32) -> Bool {
    validDays.contains(days) || !DateValue(days: days).isFinite
  }

  @inline(__always)
  func store(_ value: Int64, _ row: Int) {
    (lanes + row &* 8).storeBytes(of: value, as: Int64.self)
  }

  // MARK: Bytes

  /// Room for `length` bytes and 16 more, so that short values may be copied in whole words.
  @inline(__always)
  mutating func reserve(_ length: Int) {
    if dataCount &+ length &+ 16 > dataCapacity { grow(length) }
  }

  @inline(never)
  private mutating func grow(_ length: Int) {
    column.dataCount = dataCount
    column.reserveData(length)
    data = column.data
    dataCapacity = column.dataCapacity
  }

  @inline(__always)
  mutating func finish(_ length: Int, _ row: Int) {
    lanes.assumingMemoryBound(to: ByteSlice.self)[row] = ByteSlice(
      offset: UInt32(truncatingIfNeeded: dataCount), length: UInt32(truncatingIfNeeded: length))
    dataCount &+= length
  }

  private mutating func copy(_ bytes: UnsafeRawPointer, length: Int, row: Int) {
    reserve(length)
    UnsafeMutableRawPointer(data + dataCount).copyMemory(from: bytes, byteCount: length)
    finish(length, row)
  }

  @inline(__always)
  mutating func decodeText(
    _ bytes: UnsafeRawPointer, length: Int, available: Int, row: Int
  ) -> Bool {
    guard length <= 16, available >= 16 else {
      return decodeLongText(bytes, length: length, row: row)
    }
    // Two words copied whole; what stands behind the text is written over by the next one.
    reserve(length)
    let (low, high) = (
      bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    )
    let to = UnsafeMutableRawPointer(data + dataCount)
    to.storeBytes(of: low, as: UInt64.self)
    to.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
    let lowMask: UInt64 = ~(UInt64.max << UInt64(length * 8))
    let highMask: UInt64 = ~(UInt64.max << UInt64(max(length - 8, 0) * 8))
    let seen = (low & lowMask | high & highMask) & 0x8080_8080_8080_8080
    if seen != 0, !UTF8Check.isValid(bytes, length) {
      foundInvalidUTF8 = true
      return false
    }
    finish(length, row)
    return true
  }

  @inline(never)
  private mutating func decodeLongText(_ bytes: UnsafeRawPointer, length: Int, row: Int) -> Bool {
    guard UTF8Check.isValid(bytes, length) else {
      foundInvalidUTF8 = true
      return false
    }
    copy(bytes, length: length, row: row)
    return true
  }

  // MARK: Numerics

  private static let powersOfTen: [Int64] = {
    var powers: [Int64] = [1]
    for _ in 1...18 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// Numerics of up to four base-10,000 digits become an `Int64` right away; all others go the long way.
  @inline(__always)
  private mutating func decodeNumeric(
    _ bytes: UnsafeRawPointer, length: Int, available: Int, row: Int
  ) -> Bool {
    guard length >= 8, available >= 16 else { return decodeAnyNumeric(bytes, length: length, row: row) }
    let header = bytes.bigEndian64(0)
    let count = Int(header >> 48)
    let weight = Int(Int16(truncatingIfNeeded: header >> 32))
    let sign = header >> 16 & 0xFFFF
    let scale = Int64(header & 0xFFFF)
    guard count <= 4, length == 8 &+ count &* 2, sign & ~0x4000 == 0, scale == self.scale else {
      return decodeAnyNumeric(bytes, length: length, row: row)
    }
    // Four digits at once, those that are not there shifted out as zeros in front.
    let digits = bytes.bigEndian64(8) >> UInt64((4 &- count) &* 16)
    let (first, second) = (Int64(digits >> 48), Int64(digits >> 32 & 0xFFFF))
    let (third, last) = (Int64(digits >> 16 & 0xFFFF), Int64(digits & 0xFFFF))
    guard max(max(first, second), max(third, last)) < 10_000 else { return false }
    let leading = (first &* 10_000 &+ second) &* 10_000 &+ third
    // The last digit counts 10000^(weight - count + 1); the mantissa counts 10^-scale. Tests in the order of
    // frequency are cheaper here than a jump through a table.
    let shift = Int(scale) &- (count &- 1 &- weight) &* 4
    var mantissa: Int64
    if shift == -2 {
      mantissa = leading &* 100 &+ last / 100
    } else if shift == 2 {
      // Sixteen digits and two zeros fit.
      mantissa = (leading &* 10_000 &+ last) &* 100
    } else if shift == 0 {
      mantissa = leading &* 10_000 &+ last
    } else if shift == -1 {
      mantissa = leading &* 1_000 &+ last / 10
    } else if shift == -3 {
      mantissa = leading &* 10 &+ last / 1_000
    } else if shift > 0 && shift <= 18 {
      let (product, tooBig) = (leading &* 10_000 &+ last).multipliedReportingOverflow(
        by: Self.powersOfTen[shift])
      if tooBig { return decodeAnyNumeric(bytes, length: length, row: row) }
      mantissa = product
    } else {
      return decodeAnyNumeric(bytes, length: length, row: row)
    }
    if sign != 0 { mantissa = 0 &- mantissa }
    store(mantissa, row)
    return true
  }

  @inline(never)
  private mutating func decodeAnyNumeric(_ bytes: UnsafeRawPointer, length: Int, row: Int) -> Bool {
    do {
      let span = RawSpan(_unsafeStart: bytes, byteCount: length)
      column.setNumeric(row, try Decimal(binary: span))
    } catch {
      return false
    }
    scale = column.width == .narrow ? Int64(column.scaleState) : Self.noScale
    return true
  }
}
