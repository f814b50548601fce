internal import Model

/// Reads user SQL token by token and refuses what could break out of its place, or would not give
/// every chunk the same answer.
struct UserSQLReader {
  private var scanner: SQLScanner
  private let role: UserSQL.Role
  private var parts: [UserSQL.Part] = []
  private var levels: [Level] = [Level(opener: nil, offset: 0)]
  private var previous: Token?
  private var count = 0

  /// What was seen between one pair of parentheses, or outside all.
  private struct Level {
    var opener: UInt8?
    var offset: Int
    var firstWord: String?
    var isOrdered = false
    /// Needs an ORDER BY beside it: `LIMIT`, `FETCH`, `OFFSET`, `DISTINCT ON`.
    var needsOrder: (word: String, offset: Int)?
    /// Stands behind a `BY` that belongs to `ORDER`.
    var lastWord: String?
  }

  private struct Token {
    var kind: SQLScanner.Kind
    var word: String
    var offset: Int
  }

  init(_ source: SourceText, _ role: UserSQL.Role) throws(Fault) {
    scanner = try SQLScanner(source)
    self.role = role
  }

  mutating func read() throws(Fault) -> [UserSQL.Part] {
    while true {
      let raw = try scanner.next()
      if raw.kind == .end { break }
      try keep(raw)
      if raw.kind == .space || raw.kind == .comment { continue }
      let token = Token(kind: raw.kind, word: word(raw), offset: raw.range.lowerBound)
      try judge(token)
      previous = token
      count += 1
    }
    try finish()
    return parts
  }

  private func word(_ raw: SQLScanner.Token) -> String {
    switch raw.kind {
    case .identifier: ExpressionLexer.folded(scanner.bytes[raw.range])
    case .quotedIdentifier:
      ExpressionLexer.unquoted(scanner.bytes[raw.range.dropFirst().dropLast()], quote: UInt8(ascii: "\""))
    default: scanner.text(raw.range)
    }
  }

  private mutating func keep(_ raw: SQLScanner.Token) throws(Fault) {
    switch raw.kind {
    case .reference:
      let place = scanner.source.place(atUTF8Offset: raw.range.lowerBound)
      let reference = try Reference(parsing: scanner.text(raw.range.dropFirst(2).dropLast()), at: place)
      parts.append(.reference(reference))
    case .string, .escapeString, .dollarString, .quotedIdentifier, .comment:
      parts.append(.text(Self.unescaped(scanner.bytes[raw.range]), offset: raw.range.lowerBound))
    default: parts.append(.text(scanner.text(raw.range), offset: raw.range.lowerBound))
    }
  }

  /// `$${` is a literal `${`.
  private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
    var out: [UInt8] = []
    var index = bytes.startIndex
    while index < bytes.endIndex {
      out.append(bytes[index])
      index += bytes[index...].starts(with: "$${".utf8) ? 2 : 1
    }
    return String(decoding: out, as: UTF8.self)
  }

  // MARK: Judging

  private func refuse(_ sentence: String, _ offset: Int, hint: String? = nil) -> Fault {
    scanner.fault("refused_sql", sentence, at: offset, hint: hint)
  }

  private mutating func judge(_ token: Token) throws(Fault) {
    switch token.kind {
    case .punctuation: try punctuation(token)
    case .identifier: try identifier(token)
    case .quotedIdentifier:
      levels[levels.count - 1].lastWord = nil
      levels[levels.count - 1].firstWord = levels[levels.count - 1].firstWord ?? ""
    default:
      levels[levels.count - 1].firstWord = levels[levels.count - 1].firstWord ?? ""
      levels[levels.count - 1].lastWord = nil
    }
  }

  private mutating func punctuation(_ token: Token) throws(Fault) {
    switch token.word {
    case ";":
      throw refuse(
        "A `;` is not taken: there is one statement", token.offset,
        hint: role == .statement ? "Write a list of statements" : "Leave it out")
    case "(", "[":
      if token.word == "(", let name = previous, name.kind == .identifier || name.kind == .quotedIdentifier,
        role != .statement, RefusedFunctions.functions.contains(name.word)
      {
        throw RefusedFunctions.fault(name.word, scanner.source.place(atUTF8Offset: name.offset))
      }
      if levels.count > 500 { throw refuse("Parentheses are nested more than 500 deep", token.offset) }
      if token.word == "(", levels.count == 1, levels[0].firstWord == nil { break }
      if levels[levels.count - 1].firstWord == nil { levels[levels.count - 1].firstWord = "" }
    case ")", "]":
      let level = levels.removeLast()
      let wanted: UInt8 = token.word == ")" ? UInt8(ascii: "(") : UInt8(ascii: "[")
      guard let opener = level.opener, opener == wanted else {
        throw scanner.fault("unbalanced", "This `\(token.word)` closes nothing", at: token.offset)
      }
      try close(level)
      return
    case ":":
      if levels[levels.count - 1].opener != UInt8(ascii: "[") {
        throw refuse(
          "A single `:` is not taken: psql's variables do not exist here", token.offset,
          hint: "Values come by reference: `${params.name}`")
      }
    default: break
    }
    levels[levels.count - 1].lastWord = nil
    if token.word == "(" || token.word == "[" {
      levels.append(Level(opener: token.word.utf8.first, offset: token.offset))
    }
  }

  private mutating func identifier(_ token: Token) throws(Fault) {
    let word = token.word
    let isQualified = previous?.kind == .punctuation && previous?.word == "."
    let isLabel = previous?.kind == .identifier && previous?.word == "as"
    var level = levels[levels.count - 1]
    let isFirst = level.firstWord == nil
    if isFirst { level.firstWord = word }
    defer { levels[levels.count - 1] = level }
    if isQualified || isLabel {
      level.lastWord = nil
      return
    }
    let before = level.lastWord
    level.lastWord = word
    if role == .statement { return try statementWord(word, isFirst, token.offset) }

    if RefusedFunctions.words.contains(word) {
      throw RefusedFunctions.fault(word, scanner.source.place(atUTF8Offset: token.offset))
    }
    switch word {
    case "by" where before == "order": level.isOrdered = true
    case "limit", "offset", "fetch": level.needsOrder = level.needsOrder ?? (word, token.offset)
    case "all", "null":
      // LIMIT ALL is no limit.
      if before == "limit" { level.needsOrder = nil }
    case "on" where before == "distinct": level.needsOrder = level.needsOrder ?? ("distinct on", token.offset)
    case "into":
      throw refuse("`INTO` is not taken: a query only reads", token.offset)
    case "tablesample":
      throw refuse("`TABLESAMPLE` is not taken: every chunk would see another sample", token.offset)
    case "update" where before == "for" || before == "key", "share" where before == "for" || before == "key":
      throw refuse("`FOR \(word.uppercased())` is not taken: rows are read, not locked", token.offset)
    case "insert", "update", "delete", "merge":
      let isAfterParenthesis = previous?.kind == .punctuation && previous?.word == ")"
      if isFirst || isAfterParenthesis {
        throw refuse("`\(word.uppercased())` is not taken: a query only reads", token.offset)
      }
    default: break
    }
  }

  private func statementWord(_ word: String, _ isFirst: Bool, _ offset: Int) throws(Fault) {
    guard isFirst, levels.count == 1 else { return }
    let refused: Set<String> = [
      "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "deallocate",
      "copy", "vacuum", "cluster", "checkpoint", "listen", "unlisten", "discard", "load",
    ]
    if refused.contains(word) {
      throw refuse(
        "`\(word.uppercased())` is not taken: the statement runs inside the publish transaction", offset)
    }
  }

  // MARK: Ends

  private func close(_ level: Level) throws(Fault) {
    guard role != .statement, let needs = level.needsOrder, !level.isOrdered else { return }
    throw refuse(
      "`\(needs.word.uppercased())` without ORDER BY beside it would keep other rows each time", needs.offset,
      hint: "Add an ORDER BY that names every row")
  }

  private func finish() throws(Fault) {
    if levels.count > 1 {
      let level = levels[levels.count - 1]
      let opener = level.opener == UInt8(ascii: "[") ? "[" : "("
      throw scanner.fault("unbalanced", "This `\(opener)` is not closed", at: level.offset)
    }
    if count == 0 { throw scanner.fault("refused_sql", "The SQL is empty", at: 0) }
    try close(levels[0])
    guard role == .query else { return }
    let first = levels[0].firstWord ?? ""
    guard ["select", "values", "with"].contains(first) || startsWithParenthesis else {
      throw refuse(
        "A query begins with SELECT, VALUES or WITH", 0,
        hint: "A table alone is named by `table:` instead of `query:`")
    }
  }

  /// `(SELECT ...) UNION ...`
  private var startsWithParenthesis: Bool {
    for part in parts {
      guard case .text(let text, _) = part else { return false }
      if text == "(" { return true }
      let isBlank = text.utf8.allSatisfy(SQLScanner.isSpace) || text.hasPrefix("--") || text.hasPrefix("/*")
      if !isBlank { return false }
    }
    return false
  }
}
