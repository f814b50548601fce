import Foundation
import Model
import Testing

/// Holds the values to what Postgres 15 answered for the same operations, case by case, without a database.
@Suite struct ValueFileTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../fixtures/values").standardizedFileURL

  static let files: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".txt") }.sorted()
  }()

  @Test func theFilesAreThere() {
    #expect(Self.files.count >= 1)
  }

  @Test(arguments: files) func answersAsPostgresDid(_ name: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    let (count, mismatches) = ValueCases.run(text.split(separator: "\n"))
    #expect(count > 0, "\(name) holds no case")
    for mismatch in mismatches.prefix(20) { Issue.record("\(mismatch)") }
    #expect(mismatches.isEmpty, "\(mismatches.count) of \(count) cases in \(name)")
  }
}
