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
  func addLower(_ bytes: UnsafeBufferPointer<UInt8>) {
    addMapped(bytes) { LetterCase.lower($0) }
  }

  func addUpper(_ bytes: UnsafeBufferPointer<UInt8>) {
    addMapped(bytes) { LetterCase.upper($0) }
  }

  @inline(__always)
  private func addMapped(_ bytes: UnsafeBufferPointer<UInt8>, _ map: (UInt32) -> UInt32) {
    reserveData(bytes.count)
    var position = 0
    let to = data + dataCount
    while position < bytes.count, bytes[position] < 0x80 {
      to[position] = UInt8(truncatingIfNeeded: map(UInt32(bytes[position])))
      position += 1
    }
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
