import Model
@testable import StateStore
import Testing

@Suite struct QuarantineTests {
  @Test(arguments: StoreKind.allCases)
  func listedPageByPage(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      for chunk in [2, 0, 1] {
        try await world.store.checkpoint(.sample(chunk, quarantined: 3), for: owner)
      }
      var seen: [[Int]] = []
      var cursor = RejectionCursor.start
      while true {
        let page = try await world.store.rejections(of: owner.run, after: cursor, limit: 2)
        seen += page.map { [$0.chunk.number, $0.number] }
        guard let last = page.last else { break }
        cursor = RejectionCursor(after: last)
      }
      #expect(seen == (0..<3).flatMap { chunk in (0..<3).map { [chunk, $0] } })
    }
  }

  @Test(arguments: StoreKind.allCases)
  func summedReplayedAndPurged(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      try await store.checkpoint(.sample(0, quarantined: 3), for: owner)
      #expect(try await store.purgeQuarantine(of: owner.run) == 0)
      try await store.move(owner, through: .running, .merging, .prepared, .publishing, .succeeded)
      func summary() async throws -> [QuarantineSummary] {
        try await store.quarantineSummary(project: "shop", job: JobName("daily"), limit: 10)
      }
      let before = QuarantineSummary(
        run: owner.run, job: JobName("daily"), matrixRow: "", step: "positive quantity", rows: 3, replayed: 0)
      #expect(try await summary() == [before])
      #expect(try await store.quarantineSummary(project: "shop", job: JobName("x"), limit: 10) == [])
      #expect(
        try await store.quarantineSummary(project: "shop", job: nil, run: RunID("another"), limit: 10) == [])
      let replay = try await store.begin(.sample(again: true))
      try await store.markReplayed(owner.run, by: replay)
      #expect(try await summary().map(\.replayed) == [3])
      #expect(try await store.rejections(of: owner.run, limit: 1)[0].replayedBy == replay.run)
      #expect(try await store.purgeQuarantine(of: owner.run) == 3)
      #expect(try await summary() == [])
      #expect(try await store.run(owner.run)?.totals.rows.quarantined == 3)
    }
  }

  /// A replay begins with the other run's chunks, less the rows that it is to process again.
  @Test(arguments: StoreKind.allCases)
  func chunksAreAdopted(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      for chunk in [0, 1] { try await store.checkpoint(.sample(chunk, quarantined: 3), for: owner) }
      try await store.move(owner, through: .running, .merging, .prepared, .publishing, .succeeded)
      let before = try #require(try await store.run(owner.run)).totals
      var new = NewRun.sample(again: true)
      new.replayOf = owner.run
      let replay = try await store.begin(new)
      #expect(try await store.run(replay.run)?.replayOf == owner.run)
      for _ in 0..<2 {
        try await store.adoptChunks(of: owner.run, for: replay)
        let after = try #require(try await store.run(replay.run)).totals
        #expect(after.chunks == 2 && after.rows.quarantined == 0 && after.rows.kept == before.rows.kept)
        #expect(after.rows.read == before.rows.read - 6 && after.rows.bytes == before.rows.bytes)
      }
      for chunk in [ChunkID(0), ChunkID(1)] {
        let block = try await store.readBlock(replay.run, chunk: chunk, index: 0)
        #expect(try await store.readBlock(owner.run, chunk: chunk, index: 0) == block && block != nil)
      }
      #expect(try await store.check() == [])
      // What an unfinished replay needs cannot be purged.
      #expect(try await store.purgeQuarantine(of: owner.run) == 0)
      let end = Instant(microseconds: .max)
      let purged = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: Instant(microseconds: 0), quarantineBefore: end)
      #expect(purged.rejections == 0)
      try await store.checkpoint(.sample(2, quarantined: 1), for: replay)
      try await store.move(replay, through: .running, .merging, .prepared, .publishing, .succeeded)
      #expect(try await store.purgeQuarantine(of: owner.run) == 6)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func partialsThatAreGoneAreNotAdopted(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      try await store.checkpoint(.sample(0, quarantined: 3), for: owner)
      try await store.move(owner, through: .running, .merging, .prepared, .publishing, .succeeded)
      let end = Instant(microseconds: .max)
      _ = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: end, quarantineBefore: Instant(microseconds: 0))
      let replay = try await store.begin(.sample(again: true))
      await expectFault("partials_purged") { try await store.adoptChunks(of: owner.run, for: replay) }
    }
  }
}
