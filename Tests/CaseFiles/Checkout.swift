package import Model
internal import Runtime

/// The files of this checkout, by their paths from its root: the cases in `fixtures/`, the documents, the examples.
package enum Checkout {
  package static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

  package static func bytes(_ path: String) throws(Fault) -> [UInt8] {
    try FileContents.read("\(root)/\(path)", atMost: ByteCount(64 << 20))
  }

  package static func text(_ path: String) throws(Fault) -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }

  /// The lines of a file that are neither empty nor begin with `#`, with their numbers.
  package static func lines(_ path: String) throws(Fault) -> [(number: Int, text: String)] {
    let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    return lines.enumerated().map { ($0 + 1, String($1)) }.filter { !$0.1.isEmpty && !$0.1.hasPrefix("#") }
  }

  /// The paths of a folder's files, sorted.
  package static func files(in folder: String, ending: String) throws(Fault) -> [String] {
    try FolderTree.names(in: "\(root)/\(folder)").filter { $0.hasSuffix(ending) }.map { "\(folder)/\($0)" }
  }
}
