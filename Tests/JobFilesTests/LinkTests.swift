import CaseFiles
import Testing

/// Links between the documents lead to files, and to headings within them, that are there.
@Suite struct LinkTests {
  private static let documents = [
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "fixtures/README.md",
    "fixtures/shop/README.md",
  ]

  /// As code hosts name the headings of a page.
  private static func anchors(_ text: String) -> Set<String> {
    Set(
      text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
        let heading = line.drop { $0 == "#" }.trimmingPrefix(" ").lowercased()
        return String(heading.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) })
          .replacing(" ", with: "-")
      })
  }

  @Test func leadSomewhere() throws {
    var links = 0
    for document in try Self.documents + Checkout.files(in: "docs", ending: ".md") {
      let folder = document.split(separator: "/").dropLast()
      for match in try Checkout.text(document).matches(of: /\]\(([^)#]*)(?:#([^)]*))?\)/)
      where !match.1.hasPrefix("http") {
        links += 1
        var path = match.1.isEmpty ? document.split(separator: "/") : Array(folder)
        for part in match.1.split(separator: "/") {
          if part == ".." { _ = path.popLast() } else { path.append(part) }
        }
        let target = path.joined(separator: "/")
        guard let anchor = match.2 else {
          let parent = path.dropLast().joined(separator: "/")
          let beside = try Checkout.files(in: parent.isEmpty ? "." : parent, ending: "")
          #expect(beside.contains { $0.hasSuffix(path.last ?? "") }, "\(document): \(match.0)")
          continue
        }
        let text = try Checkout.text(target)
        #expect(Self.anchors(text).contains(String(anchor)), "\(document): \(match.0)")
      }
    }
    #expect(links > 50)
  }
}
