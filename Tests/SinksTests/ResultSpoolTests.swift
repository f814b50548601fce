import Compute
import Model
import Runtime
import Testing

@testable import Sinks

@Suite struct ResultSpoolTests {
  private static let schema = [ColumnSchema(name: "v", type: .text)]

  /// Bytes, hash and row count of a result of `rows` rows of `size` bytes each.
  private func spooled(_ rows: Int, size: Int, batch: Int, path: String) async throws -> (
    [UInt8], String, Int64
  ) {
    let spool = try ResultSpool(schema: Self.schema, path: path)
    var done = 0
    while done < rows {
      let column = Column(.text)
      let end = min(done + batch, rows)
      for number in done..<end { column.append(.text(String(repeating: "\(number % 10)", count: size))) }
      try spool.append(Batch(schema: Self.schema, columns: [column]))
      done = end
    }
    let hash = try spool.finish()
    var bytes: [UInt8] = []
    try await spool.read { bytes += $0 }
    var again: [UInt8] = []
    try await spool.read { again += $0 }
    #expect(bytes == again)
    #expect(spool.bytes == Int64(bytes.count))
    return (bytes, hash, spool.rows)
  }

  @Test func memoryAndFileHoldTheSame() async throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-spool-")
    defer { #expect(throws: Never.self) { try FolderTree.remove(folder) } }
    // Six bytes a row beside its text: 5 MB goes to the file, 50 bytes do not.
    for (rows, size) in [(0, 0), (5, 4), (500, 10_000), (2_000, 10_000)] {
      let whole = try await spooled(rows, size: size, batch: 2000, path: folder + "/a")
      let pieces = try await spooled(rows, size: size, batch: 7, path: folder + "/b")
      #expect(whole.0 == pieces.0)
      #expect(whole.1 == pieces.1)
      let rowsAlone = whole.0.dropFirst(CopyEncoder.header.count).dropLast(CopyEncoder.trailer.count)
      #expect(whole.1 == SHA256.hexadecimal(rowsAlone))
      #expect(whole.2 == Int64(rows))
      #expect(whole.0.count == CopyEncoder.header.count + rows * (size + 6) + CopyEncoder.trailer.count)
    }
    // The files went with their spools.
    for name in ["/a", "/b"] {
      #expect(throws: Fault.self) { try FileContents.read(folder + name, atMost: ByteCount(1)) }
    }
  }

  @Test func aFolderThatIsMissingIsAFault() throws {
    let spool = try ResultSpool(schema: Self.schema, path: "/nowhere/spool")
    let column = Column(.text)
    column.append(.text(String(repeating: "x", count: 5 << 20)))
    #expect(throws: Fault.self) { try spool.append(Batch(schema: Self.schema, columns: [column])) }
  }
}
