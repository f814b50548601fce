import CaseFiles
import Foundation
import JobFiles
import Testing

/// The schemas in `docs/` are what the code's own table of keys says. `TIDEMARK_RECORD=1` writes them.
@Suite struct JobSchemaTests {
  @Test(arguments: [("job", JobSchema.text), ("project", JobSchema.projectText)])
  func documentsAreUpToDate(name: String, text: String) throws {
    let path = "docs/\(name).schema.json"
    if ProcessInfo.processInfo.environment["TIDEMARK_RECORD"] != nil {
      try text.write(toFile: "\(Checkout.root)/\(path)", atomically: true, encoding: .utf8)
    }
    #expect(try Checkout.text(path) == text)
  }
}
