import Model
import Testing

@testable import Expressions

/// `fixtures/expressions/types.txt` holds what `format_type` of Postgres 15 says of each expression.
@Suite struct TypeTableTests {
  /// What Postgres takes and expressions refuse on purpose.
  static let refused: Set<String> = [
    "unsupported", "not_comparable", "refused_function", "bad_type", "bad_field",
    // Postgres says so too, once there is a row.
    "constant_fault",
  ]

  static func disagreement(_ expression: String, _ expected: String) -> String? {
    do {
      let typed = try ExpressionChecker.check(
        SourceText(expression), columns: Fixture.columns, references: Fixture.references)
      if typed.type.sqlName == expected { return nil }
      // Errors of class 22 are values': such a constant may be left to the rows.
      if expected.hasPrefix("error 22") || expected.hasPrefix("error 2201") { return nil }
      return "\(expression): \(typed.type.sqlName), Postgres: \(expected)"
    } catch {
      if expected.hasPrefix("error") { return nil }
      let fault = error.all[0]
      if refused.contains(fault.code) { return nil }
      return "\(expression): \(fault.code) \(fault.sentence), Postgres: \(expected)"
    }
  }

  @Test func agreesWithPostgres() throws {
    let lines = try Fixture.lines("types.txt")
    #expect(lines.count > 1000)
    let disagreements = lines.compactMap { line in
      Fixture.cut(line.text).flatMap { Self.disagreement($0.0, $0.1) }
    }
    #expect(
      disagreements.isEmpty, "\(disagreements.count): \(disagreements.prefix(40).joined(separator: "\n"))")
  }
}

@Suite struct TimeFieldTests {
  @Test func knowsTheFieldsOfPostgres() throws {
    let types: [String: SQLType] = [
      "date": .date, "timestamp": .timestamp, "timestamptz": .timestamptz, "interval": .interval,
    ]
    var wrong: [String] = []
    for line in try Fixture.lines("fields.txt") {
      guard let (left, right) = Fixture.cut(line.text) else { continue }
      let words = left.split(separator: " ").map(String.init)
      guard words.count == 3, let type = types[words[1]] else { continue }
      let fault = TimeField.fault(words[2], of: type, in: words[0] == "extract" ? .extract : .dateTrunc)
      if (fault == nil) != (right == "ok") { wrong.append(line.text) }
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
  }
}
