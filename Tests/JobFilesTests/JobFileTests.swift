import CaseFiles
import Foundation
import JobFiles
import Model
import Testing

/// Job files as data: `fixtures/jobs/bad/NAME.yaml` gives exactly the faults of `NAME.expected`, and
/// `fixtures/jobs/good/NAME.yaml` the warnings of its own, or none.
///
/// With `TIDEMARK_RECORD=1` in the environment the expectation files are written; read the difference.
@Suite struct JobFileTests {
  private static let isRecording = ProcessInfo.processInfo.environment["TIDEMARK_RECORD"] != nil

  @Test(arguments: (try? Checkout.files(in: "fixtures/jobs/bad", ending: ".yaml")) ?? [])
  func badFilesGiveAllTheirFaults(path: String) throws {
    let project = try Fixtures.project()
    let faults: [Fault]
    switch JobFile.read(bytes: try Checkout.bytes(path), file: "job.yaml", project: project) {
    case .success: faults = []
    case .failure(let found): faults = found.all
    }
    #expect(!faults.isEmpty)
    try compare(faults.map { $0.line("error") }, with: path.replacing(".yaml", with: ".expected"))
  }

  @Test(arguments: (try? Checkout.files(in: "fixtures/jobs/good", ending: ".yaml")) ?? [])
  func goodFilesAreRead(path: String) throws {
    let project = try Fixtures.project()
    let reading = try JobFile.read(bytes: Checkout.bytes(path), file: "job.yaml", project: project).get()
    let expectation = path.replacing(".yaml", with: ".expected")
    if reading.warnings.isEmpty {
      #expect(!FileManager.default.fileExists(atPath: "\(Checkout.root)/\(expectation)"))
    } else {
      try compare(reading.warnings.map { $0.line("warning") }, with: expectation)
    }
  }

  @Test(arguments: (try? Checkout.files(in: "jobs", ending: ".yaml")) ?? [])
  func examplesAreRead(path: String) throws {
    let project = try Fixtures.project("fixtures/shop/tidemark.yaml")
    let reading = try JobFile.read(path: "\(Checkout.root)/\(path)", project: project).get()
    #expect(reading.warnings == [])
    #expect(reading.job.name.text == URL(filePath: path).deletingPathExtension().lastPathComponent)
  }

  private func compare(_ lines: [String], with path: String) throws {
    let text = lines.map { $0 + "\n" }.joined()
    if Self.isRecording {
      try text.write(toFile: "\(Checkout.root)/\(path)", atomically: true, encoding: .utf8)
    }
    #expect(text == (try? Checkout.text(path)) ?? "(no expectation)")
  }
}
