extension JSONValue {
  /// Reads one JSON document (RFC 8259).
  /// - Throws: `Fault` `bad_json` naming the byte offset. Nesting over 200 levels is refused.
  package init(parsing text: String) throws(Fault) {
    var parser = JSONParser(bytes: Array(text.utf8))
    self = try parser.document()
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func document() throws(Fault) -> JSONValue {
    let value = try self.value(depth: 0)
    skipSpace()
    if at < bytes.count { throw bad("text behind the document") }
    return value
  }

  private func bad(_ what: String) -> Fault {
    Fault("bad_json", .data, "JSON has \(what) at byte \(at)")
  }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Fault) -> JSONValue {
    let letters = Array("\(word)".utf8)
    guard at + letters.count <= bytes.count,
      bytes[at..<at + letters.count].elementsEqual(letters)
    else { throw bad("an unknown word") }
    at += letters.count
    return value
  }

  private mutating func value(depth: Int) throws(Fault) -> JSONValue {
    if depth > 200 { throw bad("more than 200 levels") }
    skipSpace()
    guard at < bytes.count else { throw bad("no value") }
    switch bytes[at] {
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    default: return .number(try number())
    }
  }

  private mutating func array(depth: Int) throws(Fault) -> [JSONValue] {
    at += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return elements }
      if !take(UInt8(ascii: ",")) { throw bad("neither `,` nor `]`") }
    }
  }

  private mutating func object(depth: Int) throws(Fault) -> [JSONValue.Member] {
    at += 1
    var members: [JSONValue.Member] = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return members }
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw bad("no member name") }
      let name = try string()
      skipSpace()
      if !take(UInt8(ascii: ":")) { throw bad("no `:`") }
      members.append(JSONValue.Member(name, try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return members }
      if !take(UInt8(ascii: ",")) { throw bad("neither `,` nor `}`") }
    }
  }

  private mutating func digits() -> Int {
    let start = at
    while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
    return at - start
  }

  private mutating func number() throws(Fault) -> String {
    let start = at
    _ = take(UInt8(ascii: "-"))
    let first = at
    let count = digits()
    if count == 0 { throw bad("an unknown character") }
    if count > 1, bytes[first] == UInt8(ascii: "0") { throw bad("a leading zero") }
    if take(UInt8(ascii: ".")), digits() == 0 { throw bad("no digit behind the point") }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      if digits() == 0 { throw bad("no digit in the exponent") }
    }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  private mutating func hexadecimal() throws(Fault) -> UInt32 {
    // A number may have a sign, an escape has none.
    guard at + 4 <= bytes.count,
      bytes[at..<at + 4].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let code = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    else { throw bad("a bad \\u escape") }
    at += 4
    return code
  }

  private mutating func escape(into out: inout [UInt8]) throws(Fault) {
    guard at < bytes.count else { throw bad("an unfinished escape") }
    let letter = bytes[at]
    at += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(letter)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw bad("half a surrogate pair") }
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw bad("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw bad("half a surrogate pair") }
      out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw bad("an unknown escape")
    }
  }

  private mutating func string() throws(Fault) -> String {
    at += 1
    var out: [UInt8] = []
    while at < bytes.count {
      // Texts may be long, and mostly are written as they are.
      let start = at
      while at < bytes.count, bytes[at] >= 0x20, bytes[at] != UInt8(ascii: "\""),
        bytes[at] != UInt8(ascii: "\\")
      {
        at += 1
      }
      out.append(contentsOf: bytes[start..<at])
      guard at < bytes.count else { break }
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: out, as: UTF8.self) else { throw bad("invalid UTF-8") }
        return text
      case UInt8(ascii: "\\"): try escape(into: &out)
      default: throw bad("a control character in a string")
      }
    }
    throw bad("an unclosed string")
  }
}
