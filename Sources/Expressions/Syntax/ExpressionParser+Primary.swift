internal import Model

extension ExpressionParser {
  /// A literal, column, call, `CASE`, typed literal or parenthesised expression.
  mutating func primary() throws(Fault) -> Syntax {
    let start = current.range.lowerBound
    switch current.kind {
    case .number(let text):
      advance()
      return try make(.number(text), from: start)
    case .string(let text):
      advance()
      return try make(.string(text), from: start)
    case .reference(let reference):
      advance()
      return try make(.reference(reference), from: start)
    case .punctuation("("):
      advance()
      if isAt("select") || isAt("with") || isAt("values") { throw subquery() }
      var inner = try expression()
      if isAt(punctuation: ",") {
        throw fault("unsupported", "Rows such as `(a, b)` are not taken in expressions")
      }
      try expect(punctuation: ")", "an operator or `)`")
      inner.range = start..<lastEnd
      return inner
    case .quotedName(let name):
      advance()
      if isAt(punctuation: "(") { return try call(name, start) }
      return try column(name, start)
    case .word(let word): return try wordPrimary(word, start)
    case .end, .operation, .punctuation: throw unexpected("an expression")
    }
  }

  private mutating func column(_ name: String, _ start: Int) throws(Fault) -> Syntax {
    if isAt(punctuation: ".") {
      throw fault(
        "bad_expression", "A column is named without its table here", at: start,
        hint: "Give it a name of its own in `source.query`, with AS")
    }
    return try make(.column(name), from: start)
  }

  private mutating func wordPrimary(_ word: String, _ start: Int) throws(Fault) -> Syntax {
    switch word {
    case "true", "false":
      advance()
      return try make(.boolean(word == "true"), from: start)
    case "null":
      advance()
      return try make(.null, from: start)
    case "case": return try caseExpression(start)
    case "cast":
      advance()
      try expect(punctuation: "(")
      let operand = try expression()
      try expect("as")
      let type = try typeName()
      try expect(punctuation: ")")
      return try make(.cast(operand, type), from: start)
    case "select", "exists", "array", "row":
      if word == "select" || isFollowed(by: "(") || isFollowed(by: "[") {
        if word == "array" || word == "row" {
          throw fault(
            "unsupported", "`\(word.uppercased())` is not taken in expressions",
            hint:
              "Let Postgres compute it, under `source.add_columns`; what an aggregate takes, in `source.query`"
          )
        }
        throw subquery()
      }
    case _ where RefusedFunctions.words.contains(word):
      throw RefusedFunctions.fault(word, source.place(atUTF8Offset: start))
    default: break
    }
    if let type = try typedLiteralType() {
      guard case .string(let text) = current.kind else { throw unexpected("a string") }
      let literalStart = current.range.lowerBound
      advance()
      let literal = try make(.string(text), from: literalStart)
      if type == .interval, case .word(let unit) = current.kind, Self.intervalUnits.contains(unit) {
        throw fault(
          "unsupported", "An interval's unit is taken only inside its string",
          hint: "Write `INTERVAL '\(text) \(unit)'`")
      }
      return try make(.cast(literal, type), from: start)
    }
    if Self.reserved.contains(word) { throw unexpected("an expression") }
    advance()
    if isAt(punctuation: "(") { return try call(word, start) }
    return try column(word, start)
  }

  private func isFollowed(by punctuation: String) -> Bool { following.kind == .punctuation(punctuation) }

  static let intervalUnits: Set<String> = ["year", "month", "day", "hour", "minute", "second"]

  /// Reads a type where a type and then a string stand (`DATE '2024-01-01'`); else takes nothing.
  private mutating func typedLiteralType() throws(Fault) -> SQLType? {
    let mark = index
    guard case .word(let word) = current.kind, TypeNames.firstWords.contains(word) else { return nil }
    switch following.kind {
    case .string, .word, .punctuation("("): break
    default: return nil
    }
    let type: SQLType
    do {
      type = try typeName()
    } catch {
      // What began like a type may be a call or a column: `left(x, 2)`, `date`.
      if case .string = current.kind { throw error }
      index = mark
      return nil
    }
    if case .string = current.kind { return type }
    index = mark
    return nil
  }

  // MARK: Calls

  private mutating func call(_ name: String, _ start: Int) throws(Fault) -> Syntax {
    if RefusedFunctions.functions.contains(name) {
      throw RefusedFunctions.fault(name, source.place(atUTF8Offset: start))
    }
    try expect(punctuation: "(")
    var call = Syntax.Call(name: name)
    switch name {
    case "extract":
      call.arguments = [try field()]
      try expect("from")
      call.arguments.append(try expression())
    case "position":
      let part = try expression(.other)
      try expect("in")
      call.arguments = [try expression(.other), part]
    case "substring": call.arguments = try substring()
    case "trim": (call.name, call.arguments) = try trim()
    case "overlay":
      throw fault("unsupported", "`overlay` is not taken in expressions", at: start)
    default: try arguments(&call)
    }
    try expect(punctuation: ")", "`,` or `)`")
    if take("within") {
      try expect("group")
      try expect(punctuation: "(")
      call.withinGroup = try ordering()
      try expect(punctuation: ")")
    }
    if isAt("filter"), isFollowed(by: "(") {
      advance()
      advance()
      try expect("where")
      call.filter = try expression()
      try expect(punctuation: ")")
    }
    if isAt("over") {
      throw fault(
        "unsupported", "Window functions are not taken in expressions",
        hint: "Compute it in `source.query`")
    }
    return try make(.call(call), from: start)
  }

  private mutating func arguments(_ call: inout Syntax.Call) throws(Fault) {
    if case .operation("*") = current.kind {
      advance()
      call.isStar = true
      return
    }
    if isAt(punctuation: ")") { return }
    if take("distinct") { call.isDistinct = true } else { _ = take("all") }
    if isAt("select") || isAt("with") { throw subquery() }
    repeat { call.arguments.append(try expression()) } while take(punctuation: ",")
    if isAt("order") { call.order = try ordering() }
  }

  private mutating func ordering() throws(Fault) -> [Syntax.Ordering] {
    try expect("order")
    try expect("by")
    var list: [Syntax.Ordering] = []
    repeat {
      let expression = try expression()
      var isDescending = false
      if take("desc") { isDescending = true } else { _ = take("asc") }
      var nullsFirst = isDescending
      if take("nulls") {
        if take("first") {
          nullsFirst = true
        } else {
          try expect("last")
          nullsFirst = false
        }
      }
      list.append(
        Syntax.Ordering(expression: expression, isDescending: isDescending, nullsFirst: nullsFirst))
    } while take(punctuation: ",")
    return list
  }

  /// The field of `extract(field FROM x)`, a word or a string.
  private mutating func field() throws(Fault) -> Syntax {
    let start = current.range.lowerBound
    switch current.kind {
    case .word(let text), .string(let text), .quotedName(let text):
      advance()
      return try make(.string(text), from: start)
    default: throw unexpected("a field such as `year`")
    }
  }

  private mutating func substring() throws(Fault) -> [Syntax] {
    let text = try expression()
    if take(punctuation: ",") {
      var list = [text, try expression()]
      if take(punctuation: ",") { list.append(try expression()) }
      return list
    }
    if isAt("similar") {
      throw fault("unsupported", "`substring(… SIMILAR …)` is not taken in expressions")
    }
    var from: Syntax?
    var count: Syntax?
    if take("from") { from = try expression() }
    if take("for") { count = try expression() }
    if from == nil, take("from") { from = try expression() }
    guard from != nil || count != nil else { throw unexpected("`FROM` or `FOR`") }
    if from == nil { from = try make(.number("1"), from: lastEnd) }
    return [text, from, count].compactMap { $0 }
  }

  private mutating func trim() throws(Fault) -> (String, [Syntax]) {
    var name = "btrim"
    if take("leading") {
      name = "ltrim"
    } else if take("trailing") {
      name = "rtrim"
    } else {
      _ = take("both")
    }
    if take("from") { return (name, [try expression()]) }
    let first = try expression()
    if take("from") { return (name, [try expression(), first]) }
    if take(punctuation: ",") { return (name, [first, try expression()]) }
    return (name, [first])
  }
}
