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

  /// What a server says of a letter is told where that was written, whatever stands around it by then.
  @Test(arguments: [
    ("nosuch", "1:1"), ("a\n AND (b =\n  nosuch)", "3:3"), ("a = 'é🙂' AND nosuch", "1:14"),
    ("a = ${params.min} AND nosuch", "1:23"), ("a = '$${x}' AND b = ${params.min}\n  OR nosuch", "2:6"),
  ])
  func knowsWhereItsLettersWereWritten(_ text: String, _ expected: String) throws {
    let source = SourceText(text: text, file: "f", anchors: [])
    let user = try UserSQL(expression: source).resolved(Fixture.references)
    let pieces: [SQLText] = ["1", user, "2"]
    let whole: SQLText = "SELECT '🙂', \(pieces) FROM \(Identifier("é")) WHERE " + user
    let letters = Array(whole.text.unicodeScalars)
    let word = Array("nosuch".unicodeScalars)
    var found: [String] = []
    for start in 0...(letters.count - word.count) where Array(letters[start..<start + word.count]) == word {
      let place = whole.place(ofLetter: start + 1)
      found.append(place.map { "\($0.line):\($0.column)" } ?? "nowhere")
    }
    #expect(found == [expected, expected])
    #expect(whole.place(ofLetter: 1) == nil && whole.place(ofLetter: letters.count + 1) == nil)
    #expect(whole == SQLText(trusted: whole.text))
  }

  /// A value stands for its reference.
  @Test func knowsWhereItsReferencesWereWritten() throws {
    let source = SourceText(text: "a =\n  ${params.min}", file: "f", anchors: [])
    let sql = try UserSQL(expression: source).resolved(Fixture.references)
    let place = Place(file: "f", line: 2, column: 3)
    let value = sql.text.unicodeScalars.count - 2
    #expect(sql.place(ofLetter: value) == place && sql.place(ofLetter: value - 1) == place)
    #expect(sql.place(ofLetter: value + 1) == nil)
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
