import Model
@testable import StateStore
import Testing

@Suite struct CheckpointTests {
  @Test(arguments: StoreKind.allCases)
  func aChunkComesBackWhole(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      let totals = try await world.store.checkpoint(.sample(3, rows: 10, quarantined: 2), for: owner)
      #expect(totals == RunTotals(chunks: 1, rows: .sample(10, quarantined: 2)))
      let chunks = try await world.stranger().finishedChunks(of: owner.run)
      #expect(chunks.map(\.chunk) == [ChunkID(3)] && chunks[0].blocks == 3)
      #expect(chunks[0].counts == .sample(10, quarantined: 2))
      #expect(chunks[0].proof == .object([.init("rows", .integer(10))]))
      var blocks: [[UInt8]] = []
      while let block = try await world.store.readBlock(owner.run, chunk: ChunkID(3), index: blocks.count) {
        blocks.append(block)
      }
      guard case .memory(let saved) = Checkpoint.sample(3).blocks else { throw Unexpected() }
      #expect(blocks == saved)
      let rejected = try await world.store.rejections(of: owner.run, limit: 10)
      #expect(rejected.map(\.rejection) == [.sample(0), .sample(1)])
    }
  }

  /// Rejected rows by the thousand go through a spill file, and come back as they were, in their order.
  @Test(arguments: StoreKind.allCases, [0, 3, 5_000])
  func rejectedRowsComeBack(_ kind: StoreKind, _ count: Int) async throws {
    try await withScratchFolder { parent in
      try await withStore(kind) { world in
        let owner = try await world.store.begin()
        let folder = try SpillFolder(for: owner.run, in: parent)
        let rejections = (0..<count).map { number in
          var rejection = Rejection.sample(Int64(number))
          rejection.key.append(Rejection.NamedText(name: "empty", text: nil))
          rejection.row = String(repeating: "\(number) \u{1F30A} \"quoted\" ", count: 20)
          return rejection
        }
        let buffer = RejectionBuffer(in: folder)
        for start in stride(from: 0, to: count, by: 700) {
          try buffer.append(Array(rejections[start..<min(start + 700, count)]))
        }
        var checkpoint = Checkpoint.sample(0, quarantined: count)
        checkpoint.rejections = try buffer.finish()
        if case .memory = checkpoint.rejections { #expect(count < 10) } else { #expect(count > 10) }
        try await world.store.checkpoint(checkpoint, for: owner)
        let saved = try await world.store.rejections(of: owner.run, limit: 10_000)
        #expect(saved.map(\.number) == Array(0..<count))
        #expect(saved.map(\.rejection) == rejections)
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func writingAChunkAgainReplacesIt(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      try await world.store.checkpoint(.sample(0, rows: 5), for: owner)
      try await world.store.checkpoint(.sample(1, rows: 10, quarantined: 3), for: owner)
      var again = Checkpoint.sample(1, rows: 7, quarantined: 1, fill: 9)
      again.blocks = .memory([[9], []])
      let totals = try await world.store.checkpoint(again, for: owner)
      #expect(totals == RunTotals(chunks: 2, rows: .sample(5) + .sample(7, quarantined: 1)))
      #expect(try await world.store.rejections(of: owner.run, limit: 10).count == 1)
      #expect(try await world.store.readBlock(owner.run, chunk: ChunkID(1), index: 0) == [9])
      #expect(try await world.store.readBlock(owner.run, chunk: ChunkID(1), index: 2) == nil)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func droppedChunksLeaveNothing(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      for chunk in 0..<4 {
        try await world.store.checkpoint(.sample(chunk, quarantined: 1), for: owner)
      }
      try await world.store.dropChunks([ChunkID(2), ChunkID(17)], for: owner)
      #expect(try await world.store.finishedChunks(of: owner.run).map(\.chunk.number) == [0, 1, 3])
      #expect(try await world.store.readBlock(owner.run, chunk: ChunkID(2), index: 0) == nil)
      #expect(try await world.store.run(owner.run)?.totals.chunks == 3)
      try await world.store.dropChunks(nil, for: owner)
      #expect(try await world.store.run(owner.run)?.totals == RunTotals(chunks: 0, rows: RowCounts()))
      #expect(try await world.store.rejections(of: owner.run, limit: 10).isEmpty)
    }
  }

  /// Of chunks saved at the same time, each sees totals of its own, so exactly one is the first
  /// past a limit.
  @Test(arguments: StoreKind.allCases)
  func totalsAreExactUnderConcurrency(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      let seen = try await withThrowingTaskGroup(of: Int64.self) { group in
        for chunk in 0..<24 {
          group.addTask {
            try await world.store.checkpoint(.sample(chunk, quarantined: 2), for: owner).rows.quarantined
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(seen.sorted() == (1...24).map { Int64($0) * 2 })
    }
  }

  @Test(arguments: StoreKind.allCases)
  func plansComeBackByteForByte(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      #expect(try await world.store.plan(of: owner.run) == nil)
      for size in [0, 1, 1 << 20, 1 << 20 + 1, 5 << 19] {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        try await world.store.savePlan(bytes, fingerprint: "same", for: owner)
        #expect(try await world.store.plan(of: owner.run) == bytes)
      }
      #expect(try await world.store.run(owner.run)?.fingerprint == "same")
      try await world.store.checkpoint(.sample(0), for: owner)
      try await world.store.savePlan([1], fingerprint: "same", for: owner)
      #expect(try await world.store.finishedChunks(of: owner.run).count == 1)
      try await world.store.savePlan([1], fingerprint: "other", for: owner)
      #expect(try await world.store.finishedChunks(of: owner.run).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func theSavedJobMayHaveAnyLength(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      #expect(try await world.store.commitment(of: owner.run).isEmpty)
      let long = (0..<(BlockFrame.usualRawBytes * 2 + 7)).map { UInt8(truncatingIfNeeded: $0 / 3) }
      try await world.store.markPrepared([], commitment: long, for: owner)
      #expect(try await world.store.commitment(of: owner.run) == long)
      try await world.store.markPrepared([], commitment: [9], for: owner)
      #expect(try await world.store.commitment(of: owner.run) == [9])
    }
  }

  /// A chunk whose blocks do not fit into memory goes from its spill file into the state, the same bytes.
  @Test(arguments: StoreKind.allCases)
  func blocksOfASpillFileAreStored(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      try await withScratchFolder { folder in
        let owner = try await world.store.begin()
        let spills = try SpillFolder(for: owner.run, in: folder)
        let buffer = BlockBuffer(in: spills)
        let blocks = (0..<7).map { number in
          (0..<(900_000 + number)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
        }
        for block in blocks { try buffer.append(block) }
        var checkpoint = Checkpoint.sample(3)
        checkpoint.blocks = try buffer.finish()
        guard case .file = checkpoint.blocks else {
          Issue.record("Six megabytes were kept in memory")
          return
        }
        #expect(checkpoint.blocks.count == 7)
        // Twice: a checkpoint that is written again replaces the first.
        for _ in 0..<2 { try await world.store.checkpoint(checkpoint, for: owner) }
        #expect(try await world.store.finishedChunks(of: owner.run).map(\.blocks) == [7])
        for (index, block) in blocks.enumerated() {
          #expect(try await world.store.readBlock(owner.run, chunk: ChunkID(3), index: index) == block)
        }
        #expect(try await world.store.readBlock(owner.run, chunk: ChunkID(3), index: 7) == nil)
        try spills.remove()
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func blocksTooLargeAreRefused(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      var checkpoint = Checkpoint.sample(0)
      checkpoint.blocks = .memory([[UInt8](repeating: 0, count: BlockFrame.maximumRawBytes + 1)])
      await expectFault("block_too_large") {
        try await world.store.checkpoint(checkpoint, for: owner)
      }
      #expect(try await world.store.finishedChunks(of: owner.run).isEmpty)
    }
  }
}
