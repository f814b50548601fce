internal import Model

extension ExpressionParser {
  /// `IS [NOT] NULL|TRUE|FALSE|UNKNOWN|DISTINCT FROM x`, `ISNULL`, `NOTNULL`.
  mutating func isTest(_ left: Syntax, _ start: Int) throws(Fault) -> Syntax {
    if take("isnull") { return try make(.isNull(left, negated: false), from: start) }
    if take("notnull") { return try make(.isNull(left, negated: true), from: start) }
    try expect("is")
    let negated = take("not")
    if take("null") { return try make(.isNull(left, negated: negated), from: start) }
    if take("true") { return try make(.isBoolean(left, true, negated: negated), from: start) }
    if take("false") { return try make(.isBoolean(left, false, negated: negated), from: start) }
    if take("unknown") { return try make(.isBoolean(left, nil, negated: negated), from: start) }
    if take("distinct") {
      try expect("from")
      let right = try expression(.comparison)
      return try make(.isDistinct(left, right, negated: negated), from: start)
    }
    throw unexpected("`NULL`, `TRUE`, `FALSE`, `UNKNOWN` or `DISTINCT FROM`")
  }

  /// `[NOT] BETWEEN`, `IN`, `LIKE`, `ILIKE`.
  mutating func matching(_ left: Syntax, _ start: Int) throws(Fault) -> Syntax {
    let negated = take("not")
    if take("between") {
      let symmetric = take("symmetric")
      if !symmetric { _ = take("asymmetric") }
      let low = try expression(.other)
      try expect("and")
      let high = try expression(.other)
      return try make(.between(left, low, high, symmetric: symmetric, negated: negated), from: start)
    }
    if take("in") {
      try expect(punctuation: "(", "a list in parentheses")
      if isAt("select") || isAt("with") || isAt("values") { throw subquery() }
      var items: [Syntax] = []
      repeat { items.append(try expression()) } while take(punctuation: ",")
      try expect(punctuation: ")", "`,` or `)`")
      return try make(.inList(left, items, negated: negated), from: start)
    }
    if isAt("like") || isAt("ilike") {
      let ignoresCase = isAt("ilike")
      advance()
      let pattern = try expression(.other)
      let escape = take("escape") ? try expression(.other) : nil
      return try make(
        .like(left, pattern, escape: escape, ignoresCase: ignoresCase, negated: negated), from: start)
    }
    throw fault(
      "unsupported", "`SIMILAR TO` is not taken in expressions",
      hint: "Use `LIKE`, or let Postgres compute it, under `source.add_columns`")
  }

  func subquery() -> Fault {
    fault(
      "unsupported", "Subqueries are not taken in expressions",
      hint: "Join in `source.query`, or use a `lookup` step")
  }

  mutating func caseExpression(_ start: Int) throws(Fault) -> Syntax {
    advance()
    let operand = isAt("when") ? nil : try expression()
    var branches: [Syntax.Branch] = []
    while take("when") {
      let condition = try expression()
      try expect("then")
      branches.append(Syntax.Branch(condition: condition, result: try expression()))
    }
    if branches.isEmpty { throw unexpected("`WHEN`") }
    let otherwise = take("else") ? try expression() : nil
    guard take("end") else { throw unexpected("`WHEN`, `ELSE` or `END`") }
    return try make(.conditional(operand: operand, branches, otherwise: otherwise), from: start)
  }
}
