import Model
import Testing

@testable import Timetable

@Suite struct CronFixtureTests {
  @Test(arguments: ["fields.txt", "daylight.txt"])
  func firesAreThoseOfTheFixture(file: String) throws {
    for line in try Fixture.lines(file) {
      let zone = try Zones.named(line.columns[1])
      let calendar = try calendar(line.columns[0], zone, line.columns[3])
      let start = try instant(line.columns[2])
      let expected = line.columns[4] == "never" ? [] : line.columns[4].split(separator: " ").map(String.init)
      let found = calendar.next(max(1, expected.count), after: start)
      #expect(found.map(\.marked) == expected, "\(file) \(line.testDescription)")

      // The same way back.
      guard let last = found.last else { continue }
      let back = calendar.previous(found.count, before: Instant(microseconds: last.instant.microseconds + 1))
      #expect(back.reversed() == found, "\(file) \(line.testDescription), backwards")
    }
  }

  @Test func malformedExpressionsAreRefusedWhereTheyAreWrong() throws {
    for line in try Fixture.lines("malformed.txt") {
      let expected = line.columns.dropFirst().joined(separator: " | ")
      do {
        _ = try CronExpression(SourceText(line.columns[0]), jobName: "job")
        Issue.record("line \(line.number): '\(line.columns[0])' was accepted")
      } catch {
        let found = error.all.map { "\($0.place?.column ?? 0) | \($0.code) | \($0.sentence)" }
        #expect(found.joined(separator: " & ") == expected, "\(line.testDescription)")
        #expect(error.all.allSatisfy { $0.hint != nil && $0.kind == .validation })
      }
    }
  }

  @Test func explanationsAreInWords() throws {
    for line in try Fixture.lines("words.txt") {
      let expression = try CronExpression(SourceText(line.columns[0]), jobName: "job")
      #expect(expression.explanation == line.columns[1], "\(line.testDescription)")
    }
  }

  @Test func warningsPointAtWhatTheyMean() throws {
    for line in try Fixture.lines("warnings.txt") {
      let expression = try CronExpression(SourceText(line.columns[0]), jobName: "job")
      let found = expression.warnings.map { "\($0.place.column) | \($0.code) | \($0.sentence)" }
      let expected = line.columns.dropFirst().joined(separator: " | ")
      #expect(found.joined(separator: " & ") == expected, "\(line.testDescription)")
    }
  }
}
