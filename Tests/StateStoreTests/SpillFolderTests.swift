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

  @Test func onlyAbandonedFoldersAreRemoved() async throws {
    try await withScratchFolder { parent in
      let living = try SpillFolder(for: RunID("r1"), in: parent)
      do {
        let dead = try SpillFolder(for: RunID("r1"), in: parent)
        var writer = try dead.makeFile()
        try writer.append([1])
        _ = writer.finish()
      }
      #expect(try FolderTree.names(in: parent).count == 2)
      #expect(try SpillFolder.removeAbandoned(in: parent) == 1)
      #expect(try FolderTree.names(in: parent).map { "\(parent)/\($0)" } == [living.path])
      #expect(try SpillFolder.removeAbandoned(in: "\(parent)/nowhere") == 0)
    }
  }
}
