import Glibc
import Model
import Runtime
import Testing

/// Output files stay inside their root, whatever their path says and whatever lies in the way.
@Suite struct OutputFileTests {
  private func withRoot(_ body: (_ folder: String, _ root: String) throws -> Void) throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-test-")
    defer { #expect(throws: Never.self) { try FolderTree.remove(folder) } }
    try body(folder, folder + "/out")
  }

  private func publish(_ path: String, in root: String, _ text: String, tag: String = "t") throws(Fault) {
    let file = try OutputFile(path, in: root, tag: tag)
    try file.write(Array(text.utf8))
    try file.synchronize()
    try file.rename()
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try FileContents.read(path, atMost: ByteCount(1000)), as: UTF8.self)
  }

  @Test func appearsWholeOrNotAtAll() throws {
    try withRoot { _, root in
      try publish("a/b/c.csv", in: root, "old")
      let file = try OutputFile("a/b/c.csv", in: root, tag: "t")
      try file.write(Array("new".utf8))
      #expect(try text(root + "/a/b/c.csv") == "old")
      try file.rename()
      #expect(try text(root + "/a/b/c.csv") == "new")
      // A retry after a lost answer.
      try file.rename()
      let left = try OutputFile("a/b/c.csv", in: root, tag: "t")
      try left.write(Array("never".utf8))
      try left.discard()
      try left.discard()
      #expect(try text(root + "/a/b/c.csv") == "new")
      #expect(access(root + "/a/b/.c.csv.t.0.tmp", F_OK) != 0)
    }
  }

  /// After a fence no earlier writer can make its file appear, and none can touch another's.
  @Test func fencedWritersMakeNothingAppear() throws {
    try withRoot { _, root in
      try OutputFile.fence("a/x.csv", in: root, tag: "t")
      #expect(access(root, F_OK) != 0)
      try publish("a/x.csv", in: root, "first")
      let late = try OutputFile("a/x.csv", in: root, tag: "t", owner: "r1-1")
      try late.write(Array("late".utf8))
      let other = try OutputFile("a/x.csv", in: root, tag: "u", owner: "r1-1")
      try OutputFile.fence("a/x.csv", in: root, tag: "t")
      let heir = try OutputFile("a/x.csv", in: root, tag: "t", owner: "r2-1")
      try heir.write(Array("heir".utf8))
      let fault = #expect(throws: Fault.self) { try late.rename() }
      #expect(fault?.code == "output_gone" && fault?.kind == .resource)
      #expect(try text(root + "/a/x.csv") == "first")
      try late.discard()
      try heir.rename()
      #expect(try text(root + "/a/x.csv") == "heir")
      try other.discard()
      #expect(try FolderTree.names(in: root + "/a") == ["x.csv"])
    }
  }

  /// However late the other one comes.
  @Test func aFileThatIsToBeKeptIsNotReplaced() throws {
    try withRoot { _, root in
      let file = try OutputFile("x.csv", in: root, tag: "t")
      try file.write(Array("new".utf8))
      try publish("x.csv", in: root, "mine", tag: "u")
      let fault = #expect(throws: Fault.self) { try file.rename(replacing: false) }
      #expect(fault?.code == "file_exists" && fault?.kind == .conflict)
      #expect(try text(root + "/x.csv") == "mine")
      #expect(unlink(root + "/x.csv") == 0)
      let mark = try file.mark
      try file.rename(replacing: false)
      try file.rename(replacing: false)
      #expect(try FileMark(of: root + "/x.csv") == mark)
      #expect(try FolderTree.names(in: root) == ["x.csv"])
      let late = try OutputFile("y.csv", in: root, tag: "t")
      try OutputFile.fence("y.csv", in: root, tag: "t")
      #expect(throws: Fault.self) { try late.rename(replacing: false) }
      #expect(try FolderTree.names(in: root) == ["x.csv"])
    }
  }

  @Test func aDeadWritersFileIsReplaced() throws {
    try withRoot { _, root in
      try OutputFile("x.csv", in: root, tag: "t").write(Array("half of something long".utf8))
      try publish("x.csv", in: root, "whole")
      #expect(try text(root + "/x.csv") == "whole")
    }
  }

  @Test(arguments: [
    "", "..", "../x", "a/../../x", "a/..", "/etc/passwd", "/", "a//b", "./a", "a/.", "a/", "a\0b", "a/\0",
    String(repeating: "n", count: 256), "a/" + String(repeating: "n", count: 256) + "/b",
    String(repeating: "n", count: 255), String(repeating: "ü", count: 127),
  ])
  func pathsThatLeadOutOrAreNone(_ path: String) throws {
    try withRoot { folder, root in
      let fault = #expect(throws: Fault.self) { try publish(path, in: root, "x") }
      #expect(fault?.code == "unsafe_path")
      #expect(access(folder + "/x", F_OK) != 0)
    }
  }

  @Test func linksAreNotFollowed() throws {
    try withRoot { folder, root in
      #expect(mkdir(root, 0o755) == 0)
      #expect(mkdir(folder + "/outside", 0o755) == 0)
      #expect(symlink(folder + "/outside", root + "/link") == 0)
      #expect(symlink(folder + "/outside/target", root + "/file.csv") == 0)
      for path in ["link/x.csv", "file.csv"] {
        let fault = #expect(throws: Fault.self) { try publish(path, in: root, "x") }
        #expect(fault?.code == "unsafe_path")
      }
      #expect(access(folder + "/outside/x.csv", F_OK) != 0)
      #expect(access(folder + "/outside/target", F_OK) != 0)
    }
  }

  @Test func aLinkInPlaceOfTheTemporaryNameIsNotWrittenThrough() throws {
    try withRoot { folder, root in
      #expect(mkdir(root, 0o755) == 0)
      #expect(symlink(folder + "/victim", root + "/.x.csv.t.0.tmp") == 0)
      try publish("x.csv", in: root, "x")
      #expect(try text(root + "/x.csv") == "x")
      #expect(access(folder + "/victim", F_OK) != 0)
    }
  }

  @Test func whatIsNoRegularFileIsNotReplaced() throws {
    try withRoot { _, root in
      #expect(mkdir(root, 0o755) == 0)
      #expect(mkfifo(root + "/pipe", 0o600) == 0)
      #expect(mkdir(root + "/folder", 0o755) == 0)
      for path in ["pipe", "folder"] {
        let fault = #expect(throws: Fault.self) { try publish(path, in: root, "x") }
        #expect(fault?.code == "unsafe_path")
      }
      // Put there while the file was written.
      let file = try OutputFile("late", in: root, tag: "t")
      #expect(mkfifo(root + "/late", 0o600) == 0)
      #expect(throws: Fault.self) { try file.rename() }
      // A file where a folder should be.
      try publish("plain", in: root, "x")
      #expect(throws: Fault.self) { try publish("plain/x", in: root, "x") }
    }
  }
}
