import Model
import Runtime
import Testing

@testable import Sinks

@Suite struct PreparedFileTests {
  /// The owners of two copies of one state have the same run and the same token: the one whose file was fenced away
  /// must not make the other's appear, half written as it is.
  @Test func ownersOfCopiesShareNoFile() throws {
    let root = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-files-")
    let identity = RunIdentity(
      project: "p", job: JobName("j"), matrixRow: "", interval: nil, parameters: [:], serial: 1)
    let place = Place(file: "job.yaml", line: 1, column: 1)
    let rule = FileSinkRule(
      path: Template(literal: "a.csv"), format: .csv, isCompressed: false,
      ifExists: .replace, orderBy: [], place: place)
    func file() throws -> PreparedFile {
      try PreparedFile(
        sink: "file", rule: rule, path: "a.csv", schema: [], root: root, identity: identity, run: RunID("r1"),
        token: FencingToken(1), mayReplace: true)
    }
    let first = try file()
    try PreparedFile.fence("a.csv", in: root, identity)
    let copy = try file()
    try first.prepare()
    let fault = #expect(throws: Fault.self) { try first.publish() }
    #expect(fault?.code == "output_gone")
    #expect(try FolderTree.names(in: root).allSatisfy { $0 != "a.csv" })
    try copy.prepare()
    try copy.publish()
    #expect(try FolderTree.names(in: root) == ["a.csv"])
    try FolderTree.remove(root)
  }
}
