import CaseFiles
import Model
import Testing

@testable import Expressions

/// What is no regular expression is refused at its place.
@Suite struct TextPatternTests {
  @Test func saysWhatIsWrongAndWhere() throws {
    let cases = try Checkout.lines("fixtures/patterns/malformed.txt").map {
      $0.text.split(separator: "\t").map(String.init)
    }
    #expect(cases.count > 25)
    for item in cases {
      let source = SourceText(
        text: item[0], file: "job.yaml", anchors: [.init(offset: 0, line: 3, column: 11)])
      do {
        _ = try TextPattern(parsing: source)
        Issue.record("\(item[0]) is taken")
      } catch {
        #expect(error.code == "bad_pattern")
        #expect(
          error.place == Place(file: "job.yaml", line: 3, column: 10 + (Int(item[1]) ?? 0)), "\(item[0])")
        #expect(error.sentence.hasPrefix(item[2]), "\(item[0]): \(error.sentence)")
      }
    }
  }

  @Test func groupsStandOnlySoDeep() throws {
    func nested(_ depth: Int) throws {
      let text = String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
      _ = try TextPattern(parsing: SourceText(text))
    }
    try nested(TextPattern.maximumDepth)
    for depth in [TextPattern.maximumDepth + 1, 100_000] {
      #expect(throws: Fault.self) { try nested(depth) }
    }
  }
}
