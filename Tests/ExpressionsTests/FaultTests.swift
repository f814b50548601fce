import Model
import Testing

@testable import Expressions

@Suite struct FaultTests {
  /// `line:column code: sentence (hint)` of every fault.
  static func shown(_ faults: [Fault]) -> String {
    faults.map { fault in
      let place = fault.place.map { "\($0.line):\($0.column)" } ?? "?"
      return "\(place) \(fault.code): \(fault.sentence)" + (fault.hint.map { " (\($0))" } ?? "")
    }.joined(separator: " | ")
  }

  static func outcome(_ text: String) -> String {
    do {
      let typed = try ExpressionChecker.check(
        SourceText(text), columns: Fixture.more, references: Fixture.references)
      return typed.type.sqlName
    } catch {
      return shown(error.all)
    }
  }

  @Test func saysWhatIsWrongAndWhere() throws {
    var wrong: [String] = []
    for line in try Fixture.lines("faults.txt") {
      guard let (text, expected) = Fixture.cut(line.text) else {
        wrong.append("\(line.text) => \(Self.outcome(line.text))")
        continue
      }
      let got = Self.outcome(text)
      if got != expected { wrong.append("\(text) => \(got)") }
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
  }

  @Test func placesPointIntoTheFile() {
    let source = SourceText(
      text: "i = 1 AND\n  lenght(t) > 2", file: "jobs/a.yaml",
      anchors: [.init(offset: 0, line: 7, column: 13), .init(offset: 10, line: 8, column: 9)])
    do {
      _ = try ExpressionChecker.check(source, columns: Fixture.columns)
      Issue.record("no fault")
    } catch {
      #expect(error.all.map(\.place) == [Place(file: "jobs/a.yaml", line: 8, column: 11)])
    }
  }
}
