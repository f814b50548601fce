internal import Model

/// Turns expression text into decoded tokens: strings without their quotes, names folded,
/// comments and spaces left out, references read.
enum ExpressionLexer {
  /// All tokens, the last one `.end`.
  /// - Throws: what `SQLScanner` throws, and `Fault` `bad_sql_text` for dollar quotes and bad escapes.
  static func tokens(of source: SourceText) throws(Fault) -> [Token] {
    var scanner = try SQLScanner(source)
    var tokens: [Token] = []
    while true {
      let raw = try scanner.next()
      let kind: Token.Kind
      switch raw.kind {
      case .space, .comment: continue
      case .identifier: kind = .word(folded(scanner.bytes[raw.range]))
      case .quotedIdentifier:
        let name = unquoted(scanner.bytes[raw.range.dropFirst().dropLast()], quote: UInt8(ascii: "\""))
        if name.isEmpty {
          throw scanner.fault("bad_sql_text", "The quoted name is empty", at: raw.range.lowerBound)
        }
        kind = .quotedName(name)
      case .string:
        kind = .string(unquoted(scanner.bytes[raw.range.dropFirst().dropLast()], quote: UInt8(ascii: "'")))
      case .escapeString:
        kind = .string(try EscapeString.decode(scanner, raw.range.dropFirst(2).dropLast()))
      case .dollarString:
        throw scanner.fault(
          "bad_sql_text", "Dollar-quoted strings are not taken in expressions", at: raw.range.lowerBound,
          hint: "Write `'text'`; a quote inside is written twice")
      case .number: kind = .number(scanner.text(raw.range))
      case .operation:
        let text = scanner.text(raw.range)
        kind = .operation(text == "!=" ? "<>" : text)
      case .punctuation: kind = .punctuation(scanner.text(raw.range))
      case .reference:
        kind = .reference(
          try Reference(
            parsing: scanner.text(raw.range.dropFirst(2).dropLast()),
            at: source.place(atUTF8Offset: raw.range.lowerBound)))
      case .end: kind = .end
      }
      tokens.append(Token(kind: kind, range: raw.range))
      if kind == .end { return tokens }
    }
  }

  static func folded(_ bytes: some Sequence<UInt8>) -> String {
    String(
      decoding: bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 },
      as: UTF8.self)
  }

  /// Doubled quotes become one, `$${` becomes `${`.
  static func unquoted(_ bytes: ArraySlice<UInt8>, quote: UInt8) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      out.append(bytes[index])
      if bytes[index] == quote {
        index += 2
      } else if bytes[index...].starts(with: "$${".utf8) {
        index += 2
      } else {
        index += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
