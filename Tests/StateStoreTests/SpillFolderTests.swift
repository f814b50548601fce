import Glibc
import Model
import Runtime
@testable import StateStore
import Testing

@Suite struct SpillFolderTests {
  @Test func blocksStreamBack() async throws {
    try await withScratchFolder { parent in
      let folder = try SpillFolder(for: RunID("r1"), in: "\(parent)/spill")
      let blocks: [[UInt8]] = [[], [1], [UInt8](repeating: 2, count: 1 << 20), Array("end".utf8)]
      var writer = try folder.makeFile()
      for block in blocks { try writer.append(block) }
      let file = writer.finish()
      let other = try folder.makeFile().finish()
      #expect(other.path != file.path)
      for _ in 0..<2 {
        var reader = try file.reader()
        var read: [[UInt8]] = []
        while let block = try reader.nextBlock() { read.append(block) }
        #expect(read == blocks)
      }
      var status = stat()
      #expect(stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      #expect(stat(folder.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
      try folder.remove()
      #expect(try FolderTree.names(in: "\(parent)/spill") == [])
    }
  }

  @Test func cutAndDamagedFilesAreNamed() async throws {
    try await withScratchFolder { parent in
      let folder = try SpillFolder(for: RunID("r1"), in: parent)
      var writer = try folder.makeFile()
      try writer.append([1, 2, 3])
      try writer.append([4, 5, 6])
      let file = writer.finish()
      let size = try FileContents.read(file.path, atMost: .megabytes(1)).count
      for cut in [1, size / 2, size - 1] {
        try #require(truncate(file.path, off_t(size - cut)) == 0)
        await expectFault("damaged_block") {
          var reader = try file.reader()
          while try reader.nextBlock() != nil {}
        }
      }
    }
  }

  /// A folder is removed with its lock last, so that a kill in between leaves it locked or empty.
  @Test func theLockIsRemovedLast() async throws {
    try await withScratchFolder { parent in
      let folder = try SpillFolder(for: RunID("r1"), in: parent)
      var writer = try folder.makeFile()
      try writer.append([1])
      _ = writer.finish()
      for name in ["result", "chunk-7", "zzz"] {
        try FileDescriptor("\(folder.path)/\(name)", O_WRONLY | O_CREAT).write([1])
      }
      let names = try FolderTree.names(in: folder.path)
      #expect(names.count == 5 && names.last?.contains("lock") == true)
    }
  }

  @Test func onlyAbandonedFoldersAreRemoved() async throws {
    try await withScratchFolder { parent in
      let living = try SpillFolder(for: RunID("r1"), in: parent)
      do {
        let dead = try SpillFolder(for: RunID("r1"), in: parent)
        var writer = try dead.makeFile()
        try writer.append([1])
        _ = writer.finish()
      }
      // Killed before its folder was locked, or when all but the folder was removed.
      _ = try FolderTree.temporary(in: parent, prefix: "r1.")
      #expect(try FolderTree.names(in: parent).count == 3)
      #expect(try SpillFolder.removeAbandoned(in: parent) == 2)
      #expect(try FolderTree.names(in: parent).map { "\(parent)/\($0)" } == [living.path])
      #expect(try SpillFolder.removeAbandoned(in: "\(parent)/nowhere") == 0)
    }
  }

  /// Runs that begin at once all clear away what a killed process has left.
  @Test func severalRemoveAbandonedFoldersAtOnce() async throws {
    try await withScratchFolder { parent in
      for _ in 0..<20 {
        for number in 0..<20 { _ = try SpillFolder(for: RunID("r\(number)"), in: parent) }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<4 {
            group.addTask { @concurrent in try SpillFolder.removeAbandoned(in: parent) }
          }
          try await group.waitForAll()
        }
        #expect(try FolderTree.names(in: parent) == [])
      }
    }
  }
}
