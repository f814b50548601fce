import Model
import Testing

@testable import Sinks

@Suite struct GzipStreamTests {
  private func compressed(_ bytes: [UInt8], pieces: Int) throws -> [UInt8] {
    let stream = try GzipStream()
    var out: [UInt8] = []
    var start = 0
    while start < bytes.count {
      let end = min(start + pieces, bytes.count)
      try stream.compress(Array(bytes[start..<end]), into: &out)
      start = end
    }
    try stream.finish(into: &out)
    return out
  }

  /// However the input is cut, the bytes are the same.
  @Test func theCutDoesNotMatter() throws {
    var seed: UInt32 = 7
    let bytes = (0..<300_000).map { _ -> UInt8 in
      seed = seed &* 1_664_525 &+ 1_013_904_223
      return UInt8(seed >> 28)
    }
    let whole = try compressed(bytes, pieces: bytes.count)
    #expect(whole.prefix(4) == [0x1F, 0x8B, 8, 0])
    // No time of making.
    #expect(whole[4..<8] == [0, 0, 0, 0])
    for pieces in [1, 7, 4096, 65_536, 65_537] { #expect(try compressed(bytes, pieces: pieces) == whole) }
    #expect(try compressed([], pieces: 1).count == 20)
  }
}
