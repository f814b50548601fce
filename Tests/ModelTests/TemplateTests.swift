import Model
import Testing

@Suite struct TemplateTests {
  private func parts(_ text: String) throws -> [String] {
    try Template(parsing: SourceText(text)).parts.map {
      switch $0 {
      case .text(let text): "'\(text)'"
      case .reference(let reference): reference.spelling + (reference.fallback.map { "=\($0)" } ?? "")
      }
    }
  }

  @Test func cutsTextIntoParts() throws {
    #expect(try parts("") == [])
    #expect(try parts("plain $ {x} $") == ["'plain $ {x} $'"])
    #expect(try parts("a-${interval.label}.csv") == ["'a-'", "interval.label", "'.csv'"])
    #expect(try parts("${matrix.a}${params.b-c}") == ["matrix.a", "params.b-c"])
    #expect(try parts("$${interval.label}") == ["'${interval.label}'"])
    #expect(try parts("${env.HOME:-/a:-b}") == ["env.HOME=/a:-b"])
    #expect(try parts("${file:secrets/ops-url}") == ["file:secrets/ops-url"])
    #expect(try parts("né ${run.id}") == ["'né '", "run.id"])
  }

  @Test(arguments: [
    ("ab ${interval.start", 4, "A `${` is not closed by `}`"),
    ("${}", 1, "`${}` is not a reference: it needs a name in front of a dot"),
    ("né ${intervall.start}", 4, "There is no `intervall` to refer to"),
    ("${interval.strat}", 1, "There is no `strat` in `interval`"),
    ("${params.a b}", 1, "`a b` in `${params.a b}` is not a name"),
    ("${params.a:-1}", 1, "Only `${env.NAME:-default}` takes a default"),
    ("${env.A:-${env.B}}", 1, "The default of `${env.A}` is a reference itself: it would stay as it is"),
    ("${file:}", 1, "`${file:}` names no file"),
  ])
  func refusesWhatIsNoReference(text: String, column: Int, sentence: String) {
    let faults = #expect(throws: Faults.self) { try Template(parsing: SourceText(text)) }
    #expect(faults?.all.map(\.sentence) == [sentence])
    #expect(faults?.all.first?.place?.column == column)
  }

  @Test func findsPlacesBehindCutIndentation() {
    let text = SourceText(
      text: "SELECT é\nFROM x", file: "f",
      anchors: [.init(offset: 0, line: 3, column: 5), .init(offset: 10, line: 4, column: 5)])
    let places = (0...16).map { text.place(atUTF8Offset: $0) }
    #expect(places[0] == Place(file: "f", line: 3, column: 5))
    #expect(places[7] == Place(file: "f", line: 3, column: 12))
    #expect(places[9] == Place(file: "f", line: 3, column: 13))
    #expect(places[10] == Place(file: "f", line: 4, column: 5))
    #expect(places[15] == Place(file: "f", line: 4, column: 10))
    #expect(text[utf8: 12..<16].place(atUTF8Offset: 1) == Place(file: "f", line: 4, column: 8))
    #expect(text[utf8: 7..<16].place(atUTF8Offset: 3) == Place(file: "f", line: 4, column: 5))
  }
}
