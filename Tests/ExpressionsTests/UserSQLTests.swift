import Model
import Testing

@testable import Expressions

@Suite struct UserSQLTests {
  static func outcome(_ role: String, _ text: String) -> String {
    let source = SourceText(text)
    do {
      let sql: UserSQL =
        switch role {
        case "query": try UserSQL(query: source)
        case "statement": try UserSQL(statement: source)
        default: try UserSQL(expression: source)
        }
      return try sql.resolved(Fixture.references).text.split(separator: "\n").joined(separator: "¶")
    } catch {
      return FaultTests.shown([error])
    }
  }

  /// `role text => SQL or fault`; a line break is written as `¶`.
  @Test func takesClosedPiecesOnly() throws {
    var wrong: [String] = []
    for line in try Fixture.lines("user-sql.txt") {
      let (given, expected) = Fixture.cut(line.text) ?? (line.text, "")
      guard let space = given.firstIndex(of: " ") else { continue }
      let text = given[given.index(after: space)...].split(separator: "¶", omittingEmptySubsequences: false)
        .joined(separator: "\n")
      let got = Self.outcome(String(given[..<space]), text)
      if got != expected { wrong.append("\(given) => \(got)") }
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
  }

  @Test func listsItsReferences() throws {
    let sql = try UserSQL(expression: SourceText("a > ${params.min} AND b = ${matrix.tenant} -- '"))
    #expect(sql.references.map(\.spelling) == ["params.min", "matrix.tenant"])
  }

  /// Whatever a value holds, it stays one literal.
  @Test(arguments: ["'; DROP TABLE x; --", "\\'", "${params.min}", "a'b\\", "\u{0301}'", "*/ --", "$$"])
  func valuesCannotBreakOut(_ value: String) throws {
    let scope = ReferenceScope(["matrix.tenant": .value(.text(value), .text)])
    let sql = try UserSQL(expression: SourceText("x = ${matrix.tenant}")).resolved(scope)
    var scanner = try SQLScanner(SourceText(sql.text.split(separator: "${").joined(separator: "$${")))
    var kinds: [SQLScanner.Kind] = []
    while true {
      let token = try scanner.next()
      if token.kind == .end { break }
      if token.kind != .space { kinds.append(token.kind) }
    }
    #expect(kinds.count { $0 == .string || $0 == .escapeString } == 1)
    #expect(kinds.count == 9)
  }
}
