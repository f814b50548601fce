import CaseFiles
import JobFiles
import Model

/// The project that the fixture jobs belong to, and job texts read as its.
enum Fixtures {
  static func project(_ path: String = "fixtures/jobs/tidemark.yaml") throws -> ProjectFile {
    try ProjectFile.read(root: "\(Checkout.root)/fixtures/jobs", configs: ["\(Checkout.root)/\(path)"]).get()
  }

  /// Reads a job text as if it stood in `job.yaml`.
  static func read(_ text: String, project: ProjectFile? = nil) throws -> Result<JobFile.Reading, Faults> {
    JobFile.read(bytes: Array(text.utf8), file: "job.yaml", project: try project ?? Self.project())
  }
}

extension Fault {
  /// `line:column: error[code]: sentence | cause | hint`, as the expectation files have it.
  func line(_ word: String) -> String {
    let place = place.map { "\($0.line):\($0.column): " } ?? ""
    let parts = [sentence, cause.map { "because \($0)" }, hint].compactMap(\.self)
    return "\(place)\(word)[\(code)]: \(parts.joined(separator: " | "))"
  }
}
