internal import Model

/// Cuts SQL into raw tokens, by Postgres's lexical rules (its `scan.l`) with
/// `standard_conforming_strings` on, plus `${...}` reference tokens.
///
/// Every byte belongs to exactly one token, so the text can be put together again. Inside
/// quotes, dollar quotes, comments and quoted names a `${` is a fault, and `$${` a literal `${`.
/// - Complexity: O(length); nothing recurses.
struct SQLScanner {
  struct Token {
    var kind: Kind
    var range: Range<Int>
  }

  enum Kind: Hashable {
    case space, comment
    case identifier
    case quotedIdentifier
    case string, escapeString
    case dollarString
    case number
    case operation
    /// One of `( ) [ ] , . ; :` or `::`.
    case punctuation
    case reference
    case end
  }

  let source: SourceText
  let bytes: [UInt8]
  private(set) var position = 0

  /// Longer texts are refused.
  static let maximumLength = 256 * 1024

  init(_ source: SourceText) throws(Fault) {
    self.source = source
    bytes = Array(source.text.utf8)
    if bytes.count > Self.maximumLength {
      throw Fault(
        "too_long", .validation,
        "The text has \(bytes.count) bytes; at most \(Self.maximumLength) are taken", place: source.place)
    }
  }

  func fault(_ code: String, _ sentence: String, at offset: Int, hint: String? = nil) -> Fault {
    Fault(code, .validation, sentence, place: source.place(atUTF8Offset: offset), hint: hint)
  }

  func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  private func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

  /// The next token; `.end` at and after the end of the text.
  /// - Throws: `Fault` `bad_sql_text`, `reference_in_quotes` or `bad_reference`.
  mutating func next() throws(Fault) -> Token {
    let start = position
    guard start < bytes.count else { return Token(kind: .end, range: start..<start) }
    let kind = try scan()
    return Token(kind: kind, range: start..<position)
  }

  private mutating func scan() throws(Fault) -> Kind {
    let first = bytes[position]
    switch first {
    case 0: throw fault("bad_sql_text", "The text holds a NUL byte", at: position)
    case UInt8(ascii: " "), 9...13:
      while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
      return .space
    case UInt8(ascii: "-") where byte(position + 1) == UInt8(ascii: "-"):
      return try lineComment()
    case UInt8(ascii: "/") where byte(position + 1) == UInt8(ascii: "*"):
      return try blockComment()
    case UInt8(ascii: "'"):
      try quoted(until: UInt8(ascii: "'"), from: position + 1, escapes: false, what: "string")
      return .string
    case UInt8(ascii: "\""):
      try quoted(until: UInt8(ascii: "\""), from: position + 1, escapes: false, what: "quoted name")
      return .quotedIdentifier
    case UInt8(ascii: "e"), UInt8(ascii: "E"):
      guard byte(position + 1) == UInt8(ascii: "'") else { return identifier() }
      try quoted(until: UInt8(ascii: "'"), from: position + 2, escapes: true, what: "string")
      return .escapeString
    case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "x"), UInt8(ascii: "X"):
      if byte(position + 1) == UInt8(ascii: "'") {
        throw fault("bad_sql_text", "Bit strings such as `B'01'` are not taken", at: position)
      }
      return identifier()
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      if byte(position + 1) == UInt8(ascii: "&"),
        byte(position + 2) == UInt8(ascii: "'") || byte(position + 2) == UInt8(ascii: "\"")
      {
        throw fault(
          "bad_sql_text", "`U&` strings and names are not taken", at: position,
          hint: "Write the character itself, or `E'\\u00e9'`")
      }
      return identifier()
    case UInt8(ascii: "$"): return try dollar()
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: ".") where Self.isDigit(byte(position + 1)): return try number()
    case UInt8(ascii: ":"):
      position += byte(position + 1) == UInt8(ascii: ":") ? 2 : 1
      return .punctuation
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","),
      UInt8(ascii: "."), UInt8(ascii: ";"):
      position += 1
      return .punctuation
    case _ where Self.isIdentifierStart(first): return identifier()
    case _ where Self.isOperator(first): return operation()
    default:
      throw fault("bad_sql_text", "`\(Character(Unicode.Scalar(first)))` means nothing here", at: position)
    }
  }

  private mutating func identifier() -> Kind {
    while position < bytes.count, Self.isIdentifierPart(bytes[position]) {
      // A `$` may stand inside a name, but `${` begins a reference.
      if bytes[position] == UInt8(ascii: "$"), byte(position + 1) == UInt8(ascii: "{") { break }
      position += 1
    }
    return .identifier
  }

  private mutating func lineComment() throws(Fault) -> Kind {
    while position < bytes.count, bytes[position] != 10, bytes[position] != 13 {
      try refuseReference(in: "a comment")
      position += 1
    }
    return .comment
  }

  private mutating func blockComment() throws(Fault) -> Kind {
    let start = position
    var depth = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "/"), byte(position + 1) == UInt8(ascii: "*") {
        depth += 1
        position += 2
      } else if bytes[position] == UInt8(ascii: "*"), byte(position + 1) == UInt8(ascii: "/") {
        depth -= 1
        position += 2
        if depth == 0 { return .comment }
      } else {
        try refuseReference(in: "a comment")
        position += 1
      }
    }
    throw fault("bad_sql_text", "The comment is not closed", at: start, hint: "Close it with `*/`")
  }

  private mutating func quoted(
    until quote: UInt8, from begin: Int, escapes: Bool, what: String
  ) throws(Fault) {
    let start = position
    position = begin
    while position < bytes.count {
      let current = bytes[position]
      if current == quote {
        position += 1
        if byte(position) != quote { return }
        position += 1
      } else if escapes, current == UInt8(ascii: "\\") {
        position += 2
      } else if current == 0 {
        throw fault("bad_sql_text", "The \(what) holds a NUL byte", at: position)
      } else {
        try refuseReference(in: "a \(what)")
        position += 1
      }
    }
    position = bytes.count
    throw fault(
      "bad_sql_text", "The \(what) is not closed", at: start,
      hint: "Close it with `\(Character(Unicode.Scalar(quote)))`; one inside is written twice")
  }

  /// Faults at a `${`; steps over the first `$` of a `$${`.
  private mutating func refuseReference(in what: String) throws(Fault) {
    guard bytes[position] == UInt8(ascii: "$") else { return }
    if byte(position + 1) == UInt8(ascii: "{") {
      throw fault(
        "reference_in_quotes", "A `${…}` stands inside \(what), where it would not be replaced",
        at: position,
        hint: what.contains("comment")
          ? "Take it out of the comment"
          : "A reference is a whole, typed value: write it without quotes, and join texts with `||`. "
            + "`$${` is a literal `${`")
    }
    if byte(position + 1) == UInt8(ascii: "$"), byte(position + 2) == UInt8(ascii: "{") { position += 2 }
  }

  /// `${reference}` or `$tag$ ... $tag$`.
  private mutating func dollar() throws(Fault) -> Kind {
    let start = position
    if byte(start + 1) == UInt8(ascii: "{") {
      var end = start + 2
      while end < bytes.count, bytes[end] != UInt8(ascii: "}"), bytes[end] != 10 { end += 1 }
      guard byte(end) == UInt8(ascii: "}") else {
        throw fault("bad_reference", "The `${` is not closed by `}`", at: start)
      }
      position = end + 1
      return .reference
    }
    var tagEnd = start + 1
    while tagEnd < bytes.count, bytes[tagEnd] != UInt8(ascii: "$"), Self.isIdentifierPart(bytes[tagEnd]) {
      tagEnd += 1
    }
    guard byte(tagEnd) == UInt8(ascii: "$"), !Self.isDigit(byte(start + 1)) else {
      throw fault(
        "bad_sql_text", "A single `$` means nothing here", at: start,
        hint: "Values come by reference: `${params.name}`")
    }
    let tag = bytes[start...tagEnd]
    position = tagEnd + 1
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "$") {
        if bytes[position...].starts(with: tag) {
          position += tag.count
          return .dollarString
        }
        try refuseReference(in: "a dollar-quoted string")
      }
      position += 1
    }
    position = bytes.count
    throw fault(
      "bad_sql_text", "The dollar-quoted string is not closed", at: start,
      hint: "Close it with `\(String(decoding: tag, as: UTF8.self))`")
  }

  private mutating func number() throws(Fault) -> Kind {
    let start = position
    while Self.isDigit(byte(position)) { position += 1 }
    if byte(position) == UInt8(ascii: "."), byte(position + 1) != UInt8(ascii: ".") {
      position += 1
      while Self.isDigit(byte(position)) { position += 1 }
    }
    if byte(position) | 0x20 == UInt8(ascii: "e") {
      var exponent = position + 1
      if byte(exponent) == UInt8(ascii: "+") || byte(exponent) == UInt8(ascii: "-") { exponent += 1 }
      if Self.isDigit(byte(exponent)) {
        while Self.isDigit(byte(exponent)) { exponent += 1 }
        position = exponent
      }
    }
    if position < bytes.count, Self.isIdentifierStart(bytes[position]) {
      throw fault(
        "bad_sql_text", "A letter follows the number `\(text(start..<position))`", at: position,
        hint: "Numbers are written as `1250`, `12.5` or `1e6`; put a space before a word")
    }
    return .number
  }

  /// As Postgres: the longest run of operator characters, cut at a comment, and without a
  /// trailing `+` or `-` unless it holds a character that no standard operator has.
  private mutating func operation() -> Kind {
    let start = position
    while position < bytes.count, Self.isOperator(bytes[position]) {
      if position > start {
        let pair = (bytes[position], byte(position + 1))
        if pair == (UInt8(ascii: "-"), UInt8(ascii: "-")) || pair == (UInt8(ascii: "/"), UInt8(ascii: "*")) {
          break
        }
      }
      position += 1
    }
    let isSpecial = bytes[start..<position].contains { "~!@#^&|`?%".utf8.contains($0) }
    while !isSpecial, position - start > 1,
      bytes[position - 1] == UInt8(ascii: "+") || bytes[position - 1] == UInt8(ascii: "-")
    {
      position -= 1
    }
    return .operation
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  static func isIdentifierStart(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 128
      || byte == UInt8(ascii: "_") || byte >= 128
  }
  static func isIdentifierPart(_ byte: UInt8) -> Bool {
    isIdentifierStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
  }
  static func isOperator(_ byte: UInt8) -> Bool { "+-*/<>=~!@#%^&|`?".utf8.contains(byte) }
}
