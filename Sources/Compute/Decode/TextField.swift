/// Where a field of a text COPY begins, and the ways to find its end and its digits eight bytes at a time.
///
/// At or behind the start a newline comes, which is no part of any field: whoever goes byte by byte need not
/// look for the end of the bytes. Sources of the arithmetic on words: S. E. Anderson, "Bit Twiddling Hacks"
/// (bytes less than n, bytes equal to n); D. Lemire, "Quickly parsing eight digits".
struct TextField {
  let start: UnsafeRawPointer
  /// All bytes that may be read.
  private let low: UnsafeRawPointer
  private let high: UnsafeRawPointer

  static let tab = UInt8(ascii: "\t")
  static let newline = UInt8(ascii: "\n")
  static let backslash = UInt8(ascii: "\\")

  @inline(__always)
  init(start: UnsafeRawPointer, bytes: UnsafeRawBufferPointer) {
    self.start = start
    // The field lies within: there are bytes.
    low = bytes.baseAddress ?? start
    high = low + bytes.count
  }

  @inline(__always)
  var first: UInt8 { start.load(as: UInt8.self) }

  @inline(__always)
  static func isEnd(_ byte: UInt8) -> Bool { byte == tab || byte == newline }

  /// Whether it stands for NULL.
  @inline(__always)
  var isNull: Bool {
    first == Self.backslash && start.load(fromByteOffset: 1, as: UInt8.self) == UInt8(ascii: "N")
  }

  /// The letter that is all of it, where that is of ASCII and means itself: flags are many.
  @inline(__always)
  var onlyLetter: UInt8? {
    let letter = first
    guard Self.isEnd(start.load(fromByteOffset: 1, as: UInt8.self)), 0x20..<0x80 ~= letter,
      letter != Self.backslash
    else { return nil }
    return letter
  }

  /// Whether two words may be read at the start.
  @inline(__always)
  var hasTwoWords: Bool { high - start >= 16 }

  /// Marks the highest bit of the bytes of `word` that are control characters, exactly up to the first one.
  @inline(__always)
  static func controls(_ word: UInt64) -> UInt64 {
    (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
  }

  /// Likewise for control characters and backslashes: at one of them unescaped text ends or goes on escaped.
  @inline(__always)
  static func stops(_ word: UInt64) -> UInt64 {
    let flipped = word ^ 0x5C5C_5C5C_5C5C_5C5C
    return controls(word) | (flipped &- 0x0101_0101_0101_0101) & ~flipped & 0x8080_8080_8080_8080
  }

  /// Where the next tab or newline is.
  var end: UnsafeRawPointer {
    var end = start
    while !Self.isEnd(end.load(as: UInt8.self)) { end += 1 }
    return end
  }

  /// Where the first byte at or behind `position` is that ends or escapes.
  func stop(from position: UnsafeRawPointer) -> UnsafeRawPointer {
    var position = position
    while high - position >= 8 {
      let stops = Self.stops(position.loadUnaligned(as: UInt64.self))
      if stops != 0 { return position + stops.trailingZeroBitCount / 8 }
      position += 8
    }
    while true {
      let byte = position.load(as: UInt8.self)
      if byte < 0x20 || byte == Self.backslash { return position }
      position += 1
    }
  }

  /// The number that up to 15 digits with a sign and `scale` decimals (at most 7) make without their point,
  /// and where it ends; `nil` where it does not look like that, or too near the ends of the bytes.
  @inline(__always)
  func fixedPoint(scale: Int) -> (mantissa: Int64, end: UnsafeRawPointer)? {
    guard hasTwoWords else { return nil }
    let word = start.loadUnaligned(as: UInt64.self)
    let ends = Self.controls(word)
    // Most take one word, and whether all of it cannot be guessed.
    let endsBehind: UInt64 = start.load(fromByteOffset: 8, as: UInt8.self) < 0x20 ? 1 : 0
    if ends | endsBehind == 0 { return longFixedPoint(scale: scale) }
    let length = ends.trailingZeroBitCount &>> 3
    let isNegative = UInt8(truncatingIfNeeded: word) == UInt8(ascii: "-")
    var count = length &- (isNegative ? 1 : 0)
    // Its last byte to the end of the word.
    var digits = word &<< UInt64(truncatingIfNeeded: 64 &- length &* 8)
    if scale > 0 {
      count &-= 1
      let pointShift = UInt64(truncatingIfNeeded: 56 &- scale &* 8)
      guard count > scale, UInt8(truncatingIfNeeded: digits &>> pointShift) == UInt8(ascii: ".") else {
        return nil
      }
      // The decimals stay where they are, the digits before the point go one byte up.
      let decimals = UInt64.max &<< (pointShift &+ 8)
      digits = digits & decimals | digits &<< 8 & ~decimals
    }
    guard count > 0, let mantissa = Self.number(digits, digits: count) else { return nil }
    return (isNegative ? 0 &- mantissa : mantissa, start + length)
  }

  /// The same for a number of more than eight bytes.
  private func longFixedPoint(scale: Int) -> (mantissa: Int64, end: UnsafeRawPointer)? {
    // 17 bytes before the end of the field are read at most, 16 behind its sign.
    guard high - start >= 17, start - low >= 17 else { return nil }
    let isNegative = first == UInt8(ascii: "-")
    let digits = start + (isNegative ? 1 : 0)
    let more = Self.controls(digits.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    if more == 0 { return nil }
    let length = 8 &+ more.trailingZeroBitCount / 8
    let end = digits + length
    var count = length
    var last = end.loadUnaligned(fromByteOffset: -8, as: UInt64.self)
    var highStart = end - 16
    if scale > 0 {
      count &-= 1
      let pointShift = UInt64(truncatingIfNeeded: 56 &- scale &* 8)
      guard count > scale, UInt8(truncatingIfNeeded: last &>> pointShift) == UInt8(ascii: ".") else {
        return nil
      }
      // The decimals where they are, the digits before the point one byte up.
      let decimals = UInt64.max &<< (pointShift &+ 8)
      last = last & decimals | end.loadUnaligned(fromByteOffset: -9, as: UInt64.self) & ~decimals
      highStart -= 1
    }
    guard count > 0, let lower = Self.number(last, digits: min(count, 8)) else { return nil }
    var mantissa = lower
    if count > 8 {
      guard let upper = Self.number(highStart.loadUnaligned(as: UInt64.self), digits: count &- 8) else {
        return nil
      }
      mantissa = upper &* 100_000_000 &+ lower
    }
    return (isNegative ? 0 &- mantissa : mantissa, end)
  }

  /// Any number of up to 18 digits with its scale, and where it ends; `nil` for all others.
  var shortNumber: (mantissa: Int64, scale: Int, end: UnsafeRawPointer)? {
    let isNegative = first == UInt8(ascii: "-")
    var position = isNegative ? start + 1 : start
    var (mantissa, count): (Int64, Int) = (0, 0)
    var point: UnsafeRawPointer?
    while true {
      let byte = position.load(as: UInt8.self)
      if Self.isEnd(byte) { break }
      if byte == UInt8(ascii: "."), point == nil {
        point = position
      } else {
        let digit = byte &- UInt8(ascii: "0")
        guard digit < 10, count < 18 else { return nil }
        mantissa = mantissa &* 10 &+ Int64(digit)
        count += 1
      }
      position += 1
    }
    guard count > 0 else { return nil }
    return (isNegative ? 0 &- mantissa : mantissa, point.map { position - $0 - 1 } ?? 0, position)
  }

  /// The number made by the last `digits` (1 to 8) bytes of a word; `nil` where one of them is no digit.
  @inline(__always)
  static func number(_ word: UInt64, digits: Int) -> Int64? {
    // Digits become 0 to 9, what stands before them 0.
    let kept = UInt64.max &<< UInt64(truncatingIfNeeded: 64 &- digits &* 8)
    var values = (word ^ 0x3030_3030_3030_3030) & kept
    guard (values &+ 0x7676_7676_7676_7676 | values) & 0x8080_8080_8080_8080 == 0 else { return nil }
    values = values &* 10 &+ values &>> 8
    let hundreds = (values & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let ones = (values &>> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return Int64(truncatingIfNeeded: (hundreds &+ ones) &>> 32)
  }

  /// Days from 2000-01-01 of a date like `1998-09-02`, and where it ends; `nil` for all other dates.
  @inline(__always)
  var plainDate: (days: Int, end: UnsafeRawPointer)? {
    guard hasTwoWords else { return nil }
    let (low, high) = (
      start.loadUnaligned(as: UInt64.self), start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    )
    // A year before Christ has its letters behind the day.
    guard low & 0xFF00_00FF_0000_0000 == 0x2D00_002D_0000_0000,
      Self.isEnd(UInt8(truncatingIfNeeded: high &>> 16)),
      let number = Self.number(low & 0xFFFF_FFFF | (low &>> 8) & 0xFFFF_0000_0000 | high &<< 48, digits: 8)
    else { return nil }
    let (year, month, day) = (Int(number / 10_000), Int(number / 100 % 100), Int(number % 100))
    guard year > 0, 1...12 ~= month, 1...31 ~= day else { return nil }
    // Years and months from the first of March, so that the leap day comes last.
    // Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    let shiftedYear = month > 2 ? year : year - 1
    let shiftedMonth = month > 2 ? month - 3 : month + 9
    let (era, yearOfEra) = (shiftedYear / 400, shiftedYear % 400)
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return (era * 146_097 + dayOfEra - 730_425, start + 10)
  }
}
