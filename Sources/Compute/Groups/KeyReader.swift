import Model

/// Reads the values back out of a key.
///
/// Like `ByteReader` it finds out when the bytes cannot be a key. The memory must outlive the reader.
struct KeyReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  @inline(__always)
  mutating func readByte() throws(Fault) -> UInt8 {
    guard position < bytes.count else { throw ByteReader.damaged("a key ends too early") }
    defer { position += 1 }
    return bytes[position]
  }

  @inline(__always)
  mutating func read<Number: FixedWidthInteger>(_ type: Number.Type, complemented: Bool) throws(Fault)
    -> Number
  {
    let width = Number.bitWidth / 8
    guard width <= bytes.count - position else { throw ByteReader.damaged("a key ends too early") }
    defer { position += width }
    let value = Number(
      bigEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: position, as: Number.self))
    return complemented ? ~value : value
  }

  /// Adds the bytes of a terminated text to those of `column`.
  mutating func readText(complemented: Bool, to column: Column) throws(Fault) {
    let mask: UInt8 = complemented ? 0xFF : 0
    while true {
      let plain = rest(upTo: { $0 ^ mask <= 1 })
      if let start = plain.baseAddress {
        let end = column.dataCount
        column.addBytes(start, plain.count)
        if complemented { for index in end..<column.dataCount { column.data[index] = ~column.data[index] } }
      }
      position += plain.count
      if try readByte() ^ mask == 0 { return }
      let escaped = try readByte() ^ mask
      guard escaped == 1 || escaped == 2 else { throw ByteReader.damaged("a key is malformed") }
      column.addByte(escaped - 1)
    }
  }

  /// What comes before the first byte that `isEnd`, or before the end of all.
  @inline(__always)
  func rest(upTo isEnd: (UInt8) -> Bool) -> UnsafeBufferPointer<UInt8> {
    var end = position
    while end < bytes.count, !isEnd(bytes[end]) { end += 1 }
    return UnsafeBufferPointer(rebasing: bytes[position..<end])
  }
}

extension KeyColumn {
  /// Reads one value and writes it to `column` at `row`. `spelling` is that of this column, in the bytes at
  /// its start.
  func decode(
    _ key: inout KeyReader, spelling: UnsafeBufferPointer<UInt8>, into column: Column, _ row: Int
  ) throws(Fault) {
    let mark = try key.readByte()
    if mark == nullMark { return column.writeNull(row) }
    guard mark == Self.presentMark else { throw ByteReader.damaged("a key is malformed") }
    column.setValid(row)
    let turned = isDescending
    switch form {
    case .integer(1):
      let value = try key.read(UInt8.self, complemented: turned)
      column.integers[row] = Int64(Int8(bitPattern: value ^ 0x80))
    case .integer(2):
      let value = try key.read(UInt16.self, complemented: turned)
      column.integers[row] = Int64(Int16(bitPattern: value ^ 0x8000))
    case .integer(4):
      let value = try key.read(UInt32.self, complemented: turned)
      column.integers[row] = Int64(Int32(bitPattern: value ^ 0x8000_0000))
    case .integer:
      let value = try key.read(UInt64.self, complemented: turned)
      column.integers[row] = Int64(bitPattern: value ^ 0x8000_0000_0000_0000)
    case .real:
      column.doubles[row] = Double(Float(orderedBits: try key.read(UInt32.self, complemented: turned)))
    case .double:
      column.doubles[row] = Double(orderedBits: try key.read(UInt64.self, complemented: turned))
    case .numeric:
      let scale = Int(spelling[0]) << 8 | Int(spelling[1])
      column.setNumeric(row, try key.readNumeric(complemented: turned, scale: scale))
    case .text:
      let start = column.dataCount
      try key.readText(complemented: turned, to: column)
      column.finishBytes(row, from: start)
    case .blankPadded(let length):
      let start = column.dataCount
      try key.readText(complemented: turned, to: column)
      try padWithBlanks(column, from: start, length: length, spelling: spelling)
      column.finishBytes(row, from: start)
    case .interval:
      let high = try key.read(UInt16.self, complemented: turned)
      let low = try key.read(UInt64.self, complemented: turned)
      let length = (Int128(high) << 64 | Int128(low)) - Self.intervalBias
      column.intervals[row] = try Self.interval(ofLength: length, spelling: spelling)
    case .uuid: column.uuids[row] = try key.read(UInt128.self, complemented: turned)
    }
  }

  /// Steps over one value.
  func skip(_ key: inout KeyReader) throws(Fault) {
    let mark = try key.readByte()
    if mark == nullMark { return }
    guard mark == Self.presentMark else { throw ByteReader.damaged("a key is malformed") }
    let end: UInt8 = isDescending ? 0xFF : 0
    switch form {
    case .integer(let width): key.position += width
    case .real: key.position += 4
    case .double: key.position += 8
    case .interval: key.position += 10
    case .uuid: key.position += 16
    case .text, .blankPadded:
      key.position += key.rest(upTo: { $0 == end }).count
      _ = try key.readByte()
    case .numeric: _ = try key.readNumeric(complemented: isDescending, scale: 0, isSkipped: true)
    }
    if key.position > key.bytes.count { throw ByteReader.damaged("a key ends too early") }
  }

  private func padWithBlanks(
    _ column: Column, from start: Int, length: Int?, spelling: UnsafeBufferPointer<UInt8>
  ) throws(Fault) {
    let blanks: Int
    if let length {
      let text = UnsafeBufferPointer(start: column.data + start, count: column.dataCount - start)
      blanks = length - UTF8Text.count(text)
    } else {
      blanks = (0..<4).reduce(0) { $0 << 8 | Int(spelling[$1]) }
    }
    guard blanks <= 1 << 28 else { throw ByteReader.damaged("a key is malformed") }
    if blanks <= 0 { return }
    column.reserveData(blanks)
    (column.data + column.dataCount).update(repeating: 0x20, count: blanks)
    column.dataCount += blanks
  }

  private static func interval(
    ofLength length: Int128, spelling: UnsafeBufferPointer<UInt8>
  ) throws(Fault) -> CalendarInterval {
    func number(at start: Int) -> Int32 {
      let bits = (start..<start + 4).reduce(UInt32(0)) { $0 << 8 | UInt32(spelling[$1]) }
      return Int32(bitPattern: bits ^ 0x8000_0000)
    }
    let (months, days) = (number(at: 0), number(at: 4))
    let rest = length - CalendarInterval(months: months, days: days).comparisonKey
    guard let microseconds = Int64(exactly: rest) else { throw ByteReader.damaged("a key is malformed") }
    return CalendarInterval(months: months, days: days, microseconds: microseconds)
  }
}

extension KeyReader {
  /// Reads a numeric and gives it `scale` decimals, which its value must allow.
  mutating func readNumeric(complemented: Bool, scale: Int, isSkipped: Bool = false) throws(Fault) -> Decimal
  {
    guard scale <= Decimal.maximumScale else { throw ByteReader.damaged("a key is malformed") }
    let outer: UInt8 = complemented ? 0xFF : 0
    let kind = try readByte() ^ outer
    switch kind {
    case NumericKey.negativeInfinity: return .negativeInfinity
    case NumericKey.infinity: return .infinity
    case NumericKey.notANumber: return .notANumber
    case NumericKey.zero: return Decimal(mantissa: 0, scale: scale)
    case NumericKey.negative, NumericKey.positive: break
    default: throw ByteReader.damaged("a key is malformed")
    }
    let isNegative = kind == NumericKey.negative
    let mask = outer ^ (isNegative ? 0xFF : 0)
    var exponent: Int
    switch try readByte() ^ mask {
    case 0, 255:
      exponent = Int(try read(UInt32.self, complemented: mask == 0xFF)) - NumericKey.farExponentBias
    case let near: exponent = Int(near) - NumericKey.exponentBias
    }
    var pairs: [UInt8] = []
    var mantissa: Int128? = 0
    while true {
      let byte = try readByte() ^ mask
      if byte == 0 { break }
      guard byte <= 100 else { throw ByteReader.damaged("a key is malformed") }
      if isSkipped { continue }
      pairs.append(byte - 1)
      if let sum = mantissa {
        let (shifted, tooBig) = sum.multipliedReportingOverflow(by: 100)
        let (next, tooBigToo) = shifted.addingReportingOverflow(Int128(byte - 1))
        mantissa = tooBig || tooBigToo ? nil : next
      }
    }
    if isSkipped { return .zero }
    // The pairs, read as a whole number, times 10^exponent are the value.
    exponent -= pairs.count * 2
    let zeros = exponent + scale
    if let mantissa, let small = Self.scaled(mantissa, by: zeros) {
      return Decimal(mantissa: isNegative ? -small : small, scale: scale)
    }
    return try Self.longNumeric(pairs, exponent: exponent, scale: scale, isNegative: isNegative)
  }

  private static func scaled(_ mantissa: Int128, by zeros: Int) -> Int128? {
    guard abs(zeros) <= 38 else { return nil }
    var result = mantissa
    for _ in 0..<abs(zeros) {
      if zeros < 0 {
        guard result % 10 == 0 else { return nil }
        result /= 10
      } else {
        let (product, tooBig) = result.multipliedReportingOverflow(by: 10)
        if tooBig { return nil }
        result = product
      }
    }
    return result
  }

  private static func longNumeric(
    _ pairs: [UInt8], exponent: Int, scale: Int, isNegative: Bool
  ) throws(Fault) -> Decimal {
    var text = isNegative ? "-" : ""
    for pair in pairs { text += pair < 10 ? "0\(pair)" : "\(pair)" }
    text += "e\(exponent)"
    do {
      return try Decimal(parsing: text).rounded(toScale: scale)
    } catch {
      throw ByteReader.damaged("a key is malformed")
    }
  }
}
