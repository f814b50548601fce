import CaseFiles
import Model
import Testing

/// Holds the values to what Postgres 15 answered for the same operations, case by case, without a database.
@Suite struct ValueFileTests {
  static let files = (try? Checkout.files(in: "fixtures/values", ending: ".txt")) ?? []

  @Test func theFilesAreThere() {
    #expect(Self.files.count >= 1)
  }

  @Test(arguments: files) func answersAsPostgresDid(_ path: String) throws {
    let text = try Checkout.text(path)
    let (count, mismatches) = ValueCases.run(text.split(separator: "\n"))
    #expect(count > 0, "\(path) holds no case")
    for mismatch in mismatches.prefix(20) { Issue.record("\(mismatch)") }
    #expect(mismatches.isEmpty, "\(mismatches.count) of \(count) cases in \(path)")
  }
}
