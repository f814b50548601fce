package import Model

/// Parses one SQL scalar expression, with Postgres's precedence.
///
/// Nothing is looked up: job files are checked with it before any database is known.
package struct ExpressionParser {
  var tokens: [Token]
  var index = 0
  let source: SourceText
  private var depth = 0

  /// The tree of `source`'s expression.
  /// - Throws: `Fault` with a place in the file: `bad_sql_text` from the lexer, `bad_expression` for what
  ///   cannot be read, `too_deep`, `unsupported` for SQL that expressions do not have.
  package static func parse(_ source: SourceText) throws(Fault) -> Syntax {
    var parser = try ExpressionParser(source)
    let tree = try parser.expression()
    guard parser.current.kind == .end else { throw parser.unexpected("the end of the expression") }
    return tree
  }

  init(_ source: SourceText) throws(Fault) {
    self.source = source
    tokens = try ExpressionLexer.tokens(of: source)
    if tokens.count == 1 {
      throw Fault("bad_expression", .validation, "The expression is empty", place: source.place)
    }
  }

  // MARK: Tokens

  var current: Token { tokens[index] }
  var following: Token { tokens[min(index + 1, tokens.count - 1)] }
  var lastEnd: Int { index == 0 ? 0 : tokens[index - 1].range.upperBound }

  mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  func isAt(_ word: String) -> Bool { current.kind == .word(word) }
  func isAt(punctuation text: String) -> Bool { current.kind == .punctuation(text) }

  mutating func take(_ word: String) -> Bool {
    guard isAt(word) else { return false }
    advance()
    return true
  }

  mutating func take(punctuation text: String) -> Bool {
    guard isAt(punctuation: text) else { return false }
    advance()
    return true
  }

  mutating func expect(_ word: String) throws(Fault) {
    guard take(word) else { throw unexpected("`\(word.uppercased())`") }
  }

  mutating func expect(punctuation text: String, _ what: String? = nil) throws(Fault) {
    guard take(punctuation: text) else { throw unexpected(what ?? "`\(text)`") }
  }

  func fault(_ code: String, _ sentence: String, at offset: Int? = nil, hint: String? = nil) -> Fault {
    Fault(
      code, .validation, sentence,
      place: source.place(atUTF8Offset: offset ?? current.range.lowerBound), hint: hint)
  }

  func unexpected(_ wanted: String) -> Fault {
    var hint: String?
    switch current.kind {
    case .end: hint = "The expression stops in the middle: write the rest, or take away what it waits behind"
    case .operation("="): hint = "Equality is written `=`"
    case .operation("=="): hint = "Equality is written `=`"
    case .operation("&&"): hint = "Write `AND`"
    case .punctuation(";"): hint = "An expression has no `;`"
    case .word("as"):
      hint = "An expression gives no name: that stands in front of its colon, `name: expression`"
    case .word(let word) where isUnit(word):
      hint = "An amount of time is written `interval '1 \(word)'`"
    case .word(let word) where Self.reserved.contains(word):
      hint = "`\(word)` is a word of SQL; a column of that name is written `\"\(word)\"`"
    default: break
    }
    return fault("bad_expression", "Expected \(wanted), found \(current.shown)", hint: hint)
  }

  /// Whether the word, behind a number, is meant for an amount of time: `1 day`.
  private func isUnit(_ word: String) -> Bool {
    guard index > 0, case .number = tokens[index - 1].kind else { return false }
    return Self.intervalUnits.contains(word) || Self.intervalUnits.contains { $0 + "s" == word }
  }

  func make(_ node: Syntax.Node, from start: Int) throws(Fault) -> Syntax {
    let tree = Syntax(node, start..<max(start, lastEnd))
    if tree.height > Syntax.maximumHeight { throw tooDeep(at: start) }
    return tree
  }

  private func tooDeep(at offset: Int) -> Fault {
    fault(
      "too_deep", "The expression is nested more than \(Syntax.maximumHeight) levels deep", at: offset,
      hint: "Split it over several `derive` entries")
  }

  // MARK: Precedence

  /// Binding strengths, weakest first, as in Postgres's `gram.y`.
  enum Strength: Int, Comparable {
    case or = 1, and, not, `is`, comparison, like, other, sum, product, power, at, collate, sign, cast

    static func < (left: Strength, right: Strength) -> Bool { left.rawValue < right.rawValue }
  }

  /// An expression whose operators all bind at least as strongly as `least`.
  mutating func expression(_ least: Strength = .or) throws(Fault) -> Syntax {
    depth += 1
    defer { depth -= 1 }
    if depth > Syntax.maximumHeight { throw tooDeep(at: current.range.lowerBound) }
    let start = current.range.lowerBound
    var left = try prefix(least)
    while let strength = infixStrength(), strength >= least {
      left = try infix(left, strength, start)
    }
    return left
  }

  private mutating func prefix(_ least: Strength) throws(Fault) -> Syntax {
    let start = current.range.lowerBound
    switch current.kind {
    case .word("not"):
      advance()
      let operand = try expression(.not)
      return try make(.not(operand), from: start)
    case .operation(let sign) where sign == "-" || sign == "+":
      advance()
      let operand = try expression(.sign)
      // As Postgres does: the sign of a bare number is part of the number.
      if case .number(let text) = operand.node {
        if sign == "+" { return operand }
        return try make(.number(text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text), from: start)
      }
      return try make(.unary(sign, operand), from: start)
    case .operation(let name):
      throw fault(
        "unsupported", "The operator `\(name)` is not taken in front of an expression",
        hint: name == "!" ? "Write `NOT`" : Checker.addColumnsHint)
    default: return try primary()
    }
  }

  private func infixStrength() -> Strength? {
    switch current.kind {
    case .word("or"): return .or
    case .word("and"): return .and
    case .word("is"), .word("isnull"), .word("notnull"): return .is
    case .word("between"), .word("in"), .word("like"), .word("ilike"), .word("similar"): return .like
    case .word("not"):
      switch following.kind {
      case .word("between"), .word("in"), .word("like"), .word("ilike"), .word("similar"): return .like
      default: return nil
      }
    case .word("at"): return .at
    case .word("collate"): return .collate
    case .operation(let name):
      switch name {
      case "<", ">", "=", "<=", ">=", "<>": return .comparison
      case "+", "-": return .sum
      case "*", "/", "%": return .product
      case "^": return .power
      default: return .other
      }
    case .punctuation("::"): return .cast
    case .punctuation("["): return .cast
    default: return nil
    }
  }

  private func stronger(than strength: Strength) -> Strength {
    Strength(rawValue: strength.rawValue + 1) ?? .cast
  }

  private mutating func infix(_ left: Syntax, _ strength: Strength, _ start: Int) throws(Fault) -> Syntax {
    switch current.kind {
    case .word("or"), .word("and"):
      let word = isAt("or") ? "or" : "and"
      // Flat, so that a long list of conditions is not a deep tree.
      var operands: [Syntax]
      switch left.node {
      case .or(let inner) where word == "or": operands = inner
      case .and(let inner) where word == "and": operands = inner
      default: operands = [left]
      }
      while take(word) { operands.append(try expression(stronger(than: strength))) }
      return try make(word == "or" ? .or(operands) : .and(operands), from: start)
    case .word("is"), .word("isnull"), .word("notnull"): return try isTest(left, start)
    case .word("at"):
      advance()
      try expect("time")
      try expect("zone")
      let zone = try expression(stronger(than: .at))
      return try make(.atTimeZone(left, zone), from: start)
    case .word("collate"):
      advance()
      return try collate(left, start)
    case .punctuation("::"):
      advance()
      let type = try typeName()
      return try make(.cast(left, type), from: start)
    case .punctuation("["):
      throw fault(
        "unsupported", "Array elements are not taken in expressions",
        hint: "Let Postgres compute it, under `source.add_columns`")
    case .operation(let name):
      try checkOperator(name)
      advance()
      if strength == .comparison, isAt("any") || isAt("all") || isAt("some") {
        throw fault(
          "unsupported", "`\(name) \(current.shown)` is not taken in expressions", hint: "Write `x IN (…)`")
      }
      let right = try expression(stronger(than: strength))
      if strength == .comparison, infixStrength() == .comparison {
        throw fault(
          "bad_expression", "Comparisons do not chain", hint: "Write `a < b AND b < c`, or add parentheses")
      }
      return try make(.binary(name, left, right), from: start)
    default: return try matching(left, start)
    }
  }

  private mutating func collate(_ left: Syntax, _ start: Int) throws(Fault) -> Syntax {
    var name = ""
    switch current.kind {
    case .quotedName(let quoted): name = quoted
    case .word(let word): name = word
    default: throw unexpected("the name of a collation")
    }
    guard name == "C" || name == "POSIX" else {
      throw fault(
        "unsupported", "Only the collation \"C\" is taken, not `\(name)`",
        hint: "Let Postgres compute it, under `source.add_columns`")
    }
    advance()
    return try make(.collate(left, "C"), from: start)
  }

  private func checkOperator(_ name: String) throws(Fault) {
    if OperatorCatalogue.binary.contains(name) { return }
    if name == "==" {
      throw fault("bad_expression", "There is no operator `==`", hint: "Equality is written `=`")
    }
    if name == "&&" { throw fault("bad_expression", "There is no operator `&&`", hint: "Write `AND`") }
    let hint: String
    switch name {
    case "~", "~*", "!~", "!~*": hint = "Use `LIKE`, or let Postgres compute it, under `source.add_columns`"
    case "~~": hint = "Write `LIKE`"
    case "~~*": hint = "Write `ILIKE`"
    default: hint = "Let Postgres compute it, under `source.add_columns`"
    }
    throw fault("unsupported", "The operator `\(name)` is not taken in expressions", hint: hint)
  }

  static let reserved: Set<String> = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast",
    "check", "collate", "column", "constraint", "create", "current_catalog", "current_date",
    "current_role", "current_time", "current_timestamp", "current_user", "default", "deferrable", "desc",
    "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "grant", "group",
    "having", "in", "initially", "intersect", "into", "lateral", "leading", "limit", "localtime",
    "localtimestamp", "not", "null", "offset", "on", "only", "or", "order", "placing", "primary",
    "references", "returning", "select", "session_user", "some", "symmetric", "table", "then", "to",
    "trailing", "true", "union", "unique", "user", "using", "variadic", "when", "where", "window", "with",
  ]
}
