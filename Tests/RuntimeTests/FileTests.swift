import Glibc
import Model
import Runtime
import Testing

@Suite struct FileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-test-")
    defer { #expect(throws: Never.self) { try FolderTree.remove(folder) } }
    try body(folder)
  }

  private func write(_ text: String, _ path: String) throws {
    try FileDescriptor(path, O_WRONLY | O_CREAT | O_TRUNC).write(Array(text.utf8))
  }

  @Test func aLockHasOneOwnerAndGoesWithIt() throws {
    try withFolder { folder in
      let path = folder + "/lock"
      func isFree() throws -> Bool { try LockFile.tryLock(path) != nil }
      #expect(try isFree())
      #expect(try !LockFile.isLocked(path))
      let held = try LockFile.tryLock(path)
      let isHeld = held != nil
      #expect(isHeld)
      #expect(try !isFree())
      #expect(try LockFile.isLocked(path))
      _ = consume held
      #expect(try isFree())
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
    }
  }

  /// What root makes would keep out whose folder it is; what somebody has put there stays as it is.
  @Test func aLockThatRootMakesIsItsFoldersOwners() throws {
    guard geteuid() == 0 else {
      print("NOT TESTED: whose the locks are that root makes. This is not root")
      return
    }
    try withFolder { folder in
      #expect(chown(folder, 4711, 4712) == 0)
      _ = try LockFile.tryLock(folder + "/lock")
      try write("mine", folder + "/file")
      #expect(link(folder + "/file", folder + "/link") == 0)
      _ = try LockFile.tryLock(folder + "/link")
      var owners: [uid_t] = []
      for name in ["lock", "link"] {
        var status = stat()
        #expect(stat(folder + "/" + name, &status) == 0)
        owners.append(status.st_uid)
      }
      #expect(owners == [4711, 0])
    }
  }

  @Test func removingATreeFollowsNoLink() throws {
    try withFolder { folder in
      let outside = folder + "/outside"
      let tree = folder + "/tree"
      for path in [outside, tree, tree + "/a", tree + "/a/b"] { #expect(mkdir(path, 0o700) == 0) }
      try write("kept", outside + "/file")
      try write("gone", tree + "/a/b/file")
      #expect(symlink(outside, tree + "/a/link") == 0)
      #expect(mkfifo(tree + "/pipe", 0o600) == 0)
      try FolderTree.remove(tree)
      #expect(access(tree, F_OK) != 0)
      #expect(try FileContents.read(outside + "/file", atMost: ByteCount(10)) == Array("kept".utf8))
      // Gone already is fine; a link in the folder's own place is not.
      try FolderTree.remove(tree)
      #expect(symlink(outside, tree) == 0)
      #expect(throws: Fault.self) { try FolderTree.remove(tree) }
      #expect(access(outside + "/file", F_OK) == 0)
    }
  }

  @Test func readsOnlyFilesAndOnlySoMuch() throws {
    try withFolder { folder in
      try write("12345", folder + "/file")
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)
      #expect(try FileContents.read(folder + "/file", atMost: ByteCount(5)).count == 5)
      for (name, limit, code) in [
        ("file", 4, "file_too_large"), ("pipe", 4, "not_a_file"), ("none", 4, "file_not_found"),
        ("", 4, "not_a_file"),
      ] {
        let fault = #expect(throws: Fault.self) {
          try FileContents.read(folder + "/" + name, atMost: ByteCount(limit))
        }
        #expect(fault?.code == code)
      }
    }
  }

  @Test func fillsInExternalValues() throws {
    try withFolder { folder in
      try write("file-canary\n", folder + "/secret")
      try write("credential-canary", folder + "/token")
      let redactor = Redactor()
      let values = ExternalValues(
        environment: Environment(["SET": "value-canary", "EMPTY": "", "CREDENTIALS_DIRECTORY": folder]),
        root: folder, redactor: redactor)
      func reference(_ namespace: Reference.Namespace, _ name: String, _ fallback: String? = nil) -> Reference
      {
        Reference(
          namespace: namespace, name: name, fallback: fallback,
          place: Place(file: "t.yaml", line: 3, column: 5))
      }
      #expect(try values.value(of: reference(.env, "SET", "d")) == "value-canary")
      #expect(try values.value(of: reference(.env, "EMPTY")) == "")
      #expect(try values.value(of: reference(.env, "EMPTY", "d")) == "d")
      #expect(try values.value(of: reference(.env, "UNSET", "d")) == "d")
      #expect(try values.value(of: reference(.file, "secret")) == "file-canary")
      #expect(try values.value(of: reference(.file, folder + "/secret")) == "file-canary")
      #expect(try values.value(of: reference(.credential, "token")) == "credential-canary")
      let template = Template(
        source: SourceText("x"), parts: [.text("a="), .reference(reference(.file, "secret")), .text(";")])
      #expect(try values.text(of: template) == "a=file-canary;")
      #expect(redactor.mask("file-canary value-canary credential-canary") == "*** *** ***")
      for (bad, code) in [
        (reference(.env, "UNSET"), "unset_variable"), (reference(.file, "none"), "file_not_found"),
        (reference(.credential, "../secret"), "unknown_credential"),
        (reference(.credential, "none"), "file_not_found"),
        (reference(.params, "x"), "reference_not_allowed"),
      ] {
        let fault = #expect(throws: Fault.self) { try values.value(of: bad) }
        #expect(fault?.code == code)
        #expect(fault?.place?.line == 3)
      }
    }
  }

  @Test(arguments: [
    ("the pass word here", "the *** here"), ("pass%20word", "***"), ("cGFzcyB3b3Jk", "***"),
    ("pass wor", "pass wor"), ("pass wordpass word", "******"), ("", ""),
  ])
  func masks(text: String, masked: String) {
    let redactor = Redactor()
    for secret in ["pass word", "word", "ab", ""] { redactor.register(secret) }
    #expect(redactor.mask(text) == masked)
  }

  /// Lines sort by their text: the fraction has six digits, whatever it is.
  @Test func logLinesBeginWithTheirTime() throws {
    try withFolder { folder in
      for (microseconds, time) in [(0, "00.000000"), (250_000, "00.250000"), (1_000_001, "01.000001")] {
        let log = try Log(path: folder + "/log", least: .info, redactor: Redactor()) {
          Instant(microseconds: Int64(microseconds))
        }
        log.write(.debug, "unseen", [])
        log.write(.info, "seen", [.init("text", .string("a b"))])
        let bytes = try FileContents.read(folder + "/log", atMost: .megabytes(1))
        let last = String(decoding: bytes, as: UTF8.self).split(separator: "\n").last
        #expect(last == "1970-01-01T00:00:\(time)Z info seen text=\"a b\"")
      }
    }
  }
}
