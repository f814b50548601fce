import Foundation
import JobFiles
import Testing

/// The schemas in `docs/` are what the code's own table of keys says. `TIDEMARK_RECORD=1` writes them.
@Suite struct JobSchemaTests {
  @Test(arguments: [("job", JobSchema.text), ("project", JobSchema.projectText)])
  func documentsAreUpToDate(name: String, text: String) throws {
    let path = "\(Fixtures.root)/docs/\(name).schema.json"
    if ProcessInfo.processInfo.environment["TIDEMARK_RECORD"] != nil {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try Fixtures.text(path) == text)
  }
}
