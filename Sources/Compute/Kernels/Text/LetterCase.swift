/// Upper and lower case of single code points, one to one, as the locale `C.UTF-8` maps them.
///
/// The standard library has Unicode's full mappings. They differ from the one-to-one ones of `UnicodeData.txt`
/// only where they give several code points; the letters that have a one-to-one form besides are listed here.
/// Held against Postgres 15 on Debian 12 for every code point: equal but for the letters that Unicode has added
/// since 15.0, which that C library does not know.
enum LetterCase {
  @inline(__always)
  static func lower(_ scalar: UInt32) -> UInt32 {
    if scalar < 0x80 { return scalar &- 0x41 < 26 ? scalar | 0x20 : scalar }
    return lowerBeyondASCII(scalar)
  }

  @inline(__always)
  static func upper(_ scalar: UInt32) -> UInt32 {
    if scalar < 0x80 { return scalar &- 0x61 < 26 ? scalar & ~0x20 : scalar }
    return upperBeyondASCII(scalar)
  }

  /// Eight ASCII characters at once. Source: S. E. Anderson, "Bit Twiddling Hacks" (bytes between m and n).
  @inline(__always)
  static func lower(ascii word: UInt64) -> UInt64 { word ^ between(0x41, 0x5A, word) &>> 2 }

  @inline(__always)
  static func upper(ascii word: UInt64) -> UInt64 { word ^ between(0x61, 0x7A, word) &>> 2 }

  /// The highest bit of each byte that lies from `first` to `last`; all bytes are below 0x80.
  @inline(__always)
  private static func between(_ first: UInt64, _ last: UInt64, _ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    return (word &+ ones &* (0x80 - first)) & ~(word &+ ones &* (0x7F - last)) & (ones &* 0x80)
  }

  private static func lowerBeyondASCII(_ value: UInt32) -> UInt32 {
    // I with a dot above, whose full form is two code points.
    if value == 0x130 { return 0x69 }
    guard let scalar = Unicode.Scalar(value) else { return value }
    return single(scalar.properties.lowercaseMapping) ?? value
  }

  private static func upperBeyondASCII(_ value: UInt32) -> UInt32 {
    guard let scalar = Unicode.Scalar(value) else { return value }
    if let one = single(scalar.properties.uppercaseMapping) { return one }
    // Greek letters with an iota below, whose one-to-one upper case is the title case.
    switch value {
    case 0x1F80...0x1F87, 0x1F90...0x1F97, 0x1FA0...0x1FA7: return value + 8
    case 0x1FB3, 0x1FC3, 0x1FF3: return value + 9
    default: return value
    }
  }

  private static func single(_ mapping: String) -> UInt32? {
    let scalars = mapping.unicodeScalars
    guard let first = scalars.first, scalars.index(after: scalars.startIndex) == scalars.endIndex else {
      return nil
    }
    return first.value
  }

  /// Whether the code point continues a word for `initcap`.
  static func isWord(_ value: UInt32) -> Bool {
    if value < 0x80 {
      return value &- 0x30 < 10 || (value | 0x20) &- 0x61 < 26
    }
    switch value {
    // Marks that Unicode calls alphabetic and the C library's `iswalnum` does not.
    case 0x363...0x36F, 0xC04, 0xF82, 0xF83, 0x1DD3...0x1DE6, 0x11080, 0x11081: return false
    default: break
    }
    guard let scalar = Unicode.Scalar(value) else { return false }
    return scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
  }
}

extension Column {
  /// - Parameter bytes: a column's, of which a word may be read wherever one of them is.
  func addLower(_ bytes: UnsafeBufferPointer<UInt8>) {
    addMapped(bytes, { LetterCase.lower(ascii: $0) }, { LetterCase.lower($0) })
  }

  /// - Parameter bytes: as for `addLower`.
  func addUpper(_ bytes: UnsafeBufferPointer<UInt8>) {
    addMapped(bytes, { LetterCase.upper(ascii: $0) }, { LetterCase.upper($0) })
  }

  @inline(__always)
  private func addMapped(
    _ bytes: UnsafeBufferPointer<UInt8>, _ mapWord: (UInt64) -> UInt64, _ map: (UInt32) -> UInt32
  ) {
    guard let start = bytes.baseAddress else { return }
    reserveData(bytes.count)
    let (from, to) = (UnsafeRawPointer(start), UnsafeMutableRawPointer(data + dataCount))
    var position = 0
    while position < bytes.count {
      let word = (from + position).loadUnaligned(as: UInt64.self)
      let behind = UInt64(max(8 &- (bytes.count &- position), 0) &* 8)
      let inside = UInt64(littleEndian: UInt64.max &>> behind)
      guard word & inside & 0x8080_8080_8080_8080 == 0 else { break }
      // What is written behind the text is written over by the next one.
      (to + position).storeBytes(of: mapWord(word & inside), as: UInt64.self)
      position += 8
    }
    position = min(position, bytes.count)
    dataCount += position
    while position < bytes.count {
      let (scalar, next) = UTF8Text.scalar(bytes, position)
      addScalar(map(scalar))
      position = next
    }
  }

  /// The first letter of each word in upper case, the rest in lower case.
  func addInitialCapitals(_ bytes: UnsafeBufferPointer<UInt8>) {
    var position = 0
    var isInWord = false
    while position < bytes.count {
      let (scalar, next) = UTF8Text.scalar(bytes, position)
      addScalar(isInWord ? LetterCase.lower(scalar) : LetterCase.upper(scalar))
      isInWord = LetterCase.isWord(scalar)
      position = next
    }
  }
}
