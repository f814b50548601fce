/// Walks over the bytes of a text from left to right, as the text forms of values are read.
struct ByteScanner {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position == bytes.count }
  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

  /// C's `isspace` in the C locale.
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte + 0x20 : byte
  }

  mutating func advance() { position += 1 }

  mutating func skipBlanks() {
    while let byte = peek, Self.isBlank(byte) { position += 1 }
  }

  mutating func take(while matches: (UInt8) -> Bool) -> [UInt8] {
    let start = position
    while let byte = peek, matches(byte) { position += 1 }
    return Array(bytes[start..<position])
  }

  mutating func skip(anyOf characters: StaticString) -> UInt8? {
    guard let byte = peek else { return nil }
    let found = characters.description.utf8.contains(byte)
    guard found else { return nil }
    position += 1
    return byte
  }

  /// Steps over `word`, given in lower case, in whatever case it is written.
  mutating func skip(ignoringCase word: String) -> Bool {
    var index = position
    for expected in word.utf8 {
      guard index < bytes.count, Self.lowercased(bytes[index]) == expected else { return false }
      index += 1
    }
    position = index
    return true
  }

  /// Reads decimal digits; a number beyond `Int32` comes back as some larger number. Nil where none stands.
  mutating func scanClampedInteger() -> Int? {
    let start = position
    var value = 0
    while let byte = peek, Self.isDigit(byte) {
      if value < 1 << 40 { value = value * 10 + Int(byte - UInt8(ascii: "0")) }
      position += 1
    }
    return position > start ? value : nil
  }
}
