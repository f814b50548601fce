import Model
@testable import StateStore
import Testing

@Suite struct BlockFrameTests {
  static let samples: [[UInt8]] = [
    [], [0], Array("tidemark".utf8), [UInt8](repeating: 65, count: 1 << 20),
    (0..<(1 << 20)).map { _ in .random(in: 0...255) },
  ]

  @Test(arguments: samples.indices) func bytesComeBack(_ index: Int) throws {
    let raw = Self.samples[index]
    let frame = try BlockFrame.encode(raw)
    #expect(try BlockFrame.decode(frame) == raw)
    #expect(frame == (try BlockFrame.encode(raw)))
  }

  /// Text is compressed; what would not shrink to half is kept as it is, beginning with compressible bytes or not.
  @Test func compressesWhereItPays() throws {
    let text = Array(String(repeating: "net revenue by region and day; ", count: 20_000).utf8)
    #expect(try BlockFrame.encode(text).count < text.count / 10)
    let noise = Self.samples[4]
    for raw in [noise, Array(noise.prefix(100)), Array(text.prefix(60_000)) + noise] {
      let frame = try BlockFrame.encode(raw)
      #expect(frame.count > raw.count && frame.count < raw.count + raw.count / 1000 + 64)
      #expect(try BlockFrame.decode(frame) == raw)
    }
  }

  /// Whatever happens to a frame, no other bytes come out of it. (Zlib's stream ends with a few bits
  /// that mean nothing: changing those changes nothing.)
  @Test func everyDamageIsFound() throws {
    let raw = Array("a block of some bytes, some bytes, some bytes".utf8)
    let frame = try BlockFrame.encode(raw)
    var unnoticed = 0
    for index in frame.indices {
      for bit in 0..<8 {
        var damaged = frame
        damaged[index] ^= 1 << UInt8(bit)
        do throws(BlockFrame.Damage) {
          #expect(try BlockFrame.decode(damaged) == raw, "bit \(bit) of byte \(index)")
          unnoticed += 1
        } catch {
          #expect(!error.reason.isEmpty)
        }
      }
      #expect(throws: BlockFrame.Damage.self) { try BlockFrame.decode(Array(frame[..<index])) }
    }
    #expect(unnoticed < 8)
    #expect(throws: BlockFrame.Damage.self) { try BlockFrame.decode(frame + [0]) }
  }

  @Test func newerVersionsAreNamed() throws {
    var frame = try BlockFrame.encode([1])
    frame[3] = 2
    #expect(throws: BlockFrame.Damage(reason: "has the unknown version 2")) { try BlockFrame.decode(frame) }
  }

  @Test(arguments: StoreKind.allCases)
  func damageInAStoreNamesTheBlock(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      try await world.store.checkpoint(.sample(4), for: owner)
      try await world.store.database.transaction(.write(.checkpoint)) { tx in
        try await tx.run(
          "UPDATE blocks SET frame = $2 WHERE run_id = $1 AND part = 4 AND block = 2",
          [.text(owner.run.text), .bytes(Array("TMB\u{1} nonsense that is long enough".utf8))])
      }
      #expect(try await world.store.readBlock(owner.run, chunk: ChunkID(4), index: 0) == [7])
      do {
        _ = try await world.store.readBlock(owner.run, chunk: ChunkID(4), index: 2)
        Issue.record("The damage was not found")
      } catch let fault as Fault {
        #expect(fault.code == "damaged_block")
        #expect(fault.sentence.hasPrefix("Block 2 of chunk 4 of run \(owner.run) "))
      }
    }
  }
}
