extension Decimal {
  private enum Sign {
    static let positive: UInt16 = 0
    static let negative: UInt16 = 0x4000
    static let notANumber: UInt16 = 0xC000
    static let infinity: UInt16 = 0xD000
    static let negativeInfinity: UInt16 = 0xF000
  }

  /// Decodes Postgres's binary form (`numeric_send`).
  /// - Throws: `RowFault` 22P03 for bytes that are no such form, 22003 beyond numeric's range.
  package init(binary bytes: RawSpan) throws(RowFault) {
    guard bytes.byteCount >= 8 else { throw .invalidBinary("numeric") }
    let count = Int(bytes.word(at: 0))
    let weight = Int(Int16(bitPattern: bytes.word(at: 2)))
    let sign = bytes.word(at: 4)
    let scale = Int(bytes.word(at: 6))
    switch sign {
    case Sign.notANumber:
      self.init(storage: .notANumber)
      return
    case Sign.infinity:
      self.init(storage: .infinity)
      return
    case Sign.negativeInfinity:
      self.init(storage: .negativeInfinity)
      return
    case Sign.positive, Sign.negative: break
    default: throw .invalidBinary("numeric")
    }
    guard bytes.byteCount == 8 + count * 2, scale <= Self.maximumScale else {
      throw .invalidBinary("numeric")
    }

    // The digits as an integer, then shifted from the last digit's place to the scale's.
    let shift = scale - (count - 1 - weight) * 4
    if count <= 4, let unit = count == 0 ? 1 : PowersOfTen.int128(abs(shift)), abs(shift) <= 22 {
      var mantissa: Int64 = 0
      for index in 0..<count {
        let digit = bytes.word(at: 8 + index * 2)
        guard digit < DecimalDigits.base else { throw .invalidBinary("numeric") }
        mantissa = mantissa * 10_000 + Int64(digit)
      }
      let magnitude = shift >= 0 ? Int128(mantissa) * unit : Int128(mantissa) / unit
      self.init(storage: .small(sign == Sign.negative ? -magnitude : magnitude, scale: Int32(scale)))
      return
    }
    var digits: [UInt16] = []
    digits.reserveCapacity(count)
    for index in 0..<count {
      let digit = bytes.word(at: 8 + index * 2)
      guard digit < DecimalDigits.base else { throw .invalidBinary("numeric") }
      digits.append(digit)
    }
    var number = DecimalDigits(
      digits: digits, weight: weight, isNegative: sign == Sign.negative, scale: scale)
    // Digits behind the scale would be hidden ones; Postgres drops them when it reads.
    number.truncate(to: scale)
    try self.init(number)
  }

  /// Decodes Postgres's binary form.
  /// - Throws: as `init(binary:)` over a span.
  package init(binary bytes: [UInt8]) throws(RowFault) {
    // Bytes have no padding, so seeing them raw reads nothing uninitialised.
    try unsafe self.init(binary: bytes.span.bytes)
  }

  /// Appends Postgres's binary form, without the length word that goes before it on the wire.
  package func appendBinary(to bytes: inout [UInt8]) {
    func append(_ word: Int) {
      bytes.append(UInt8(truncatingIfNeeded: word >> 8))
      bytes.append(UInt8(truncatingIfNeeded: word))
    }
    func append(special sign: UInt16, scale: Int) {
      for word in [0, 0, Int(sign), scale] { append(word) }
    }
    switch storage {
    case .notANumber: append(special: Sign.notANumber, scale: 0)
    // The scale means nothing here, but it is the one that Postgres sends.
    case .infinity: append(special: Sign.infinity, scale: 32)
    case .negativeInfinity: append(special: Sign.negativeInfinity, scale: 32)
    case .small, .large:
      guard let digits else { return }
      append(digits.digits.count)
      append(digits.weight)
      append(Int(digits.isNegative ? Sign.negative : Sign.positive))
      append(digits.scale)
      for digit in digits.digits { append(Int(digit)) }
    }
  }
}

extension RawSpan {
  /// The two bytes at `offset` as a big-endian number.
  fileprivate func word(at offset: Int) -> UInt16 {
    // Any two bytes are a UInt16, and the load checks its bounds.
    UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }
}
