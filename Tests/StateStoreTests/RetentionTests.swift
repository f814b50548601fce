import Model
@testable import StateStore
import Testing

@Suite struct RetentionTests {
  @Test(arguments: StoreKind.allCases)
  func theNewestSuccessStaysAndTheRestGoes(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      func succeed(_ owner: Ownership) async throws {
        try await store.checkpoint(.sample(0, quarantined: 2), for: owner)
        try await store.move(owner, through: .running, .merging, .prepared, .publishing)
        try await store.move(
          owner,
          RunMove(
            to: .succeeded, event: EventDraft("done"),
            notices: [.sample("n-\(owner.run)", run: owner.run)]))
        try await store.markDelivered("n-\(owner.run)")
        try await store.release(owner)
      }
      let first = try await store.begin()
      try await succeed(first)
      let second = try await store.begin(.sample(again: true))
      try await succeed(second)
      let cancelled = try await store.begin(.sample(day: 1))
      try await store.move(cancelled, through: .cancelled)
      let failed = try await store.begin(.sample(day: 2))
      try await store.move(failed, through: .failed)
      let other = try await store.begin(.sample("other"))
      try await store.move(other, through: .cancelled)

      let never = Instant(microseconds: 0)
      let end = Instant(microseconds: .max)
      let none = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: never, quarantineBefore: never)
      #expect(none == PurgeCounts())
      let counts = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: end, quarantineBefore: end)
      #expect(counts.runs == 2 && counts.rejections == 4 && counts.notices == 1 && counts.events == 6)
      #expect(Set(try await store.runs(RunFilter()).map(\.id)) == [other.run, failed.run, second.run])
      #expect(try await store.succeededRun(of: .sample())?.totals.rows.quarantined == 2)
      #expect(try await store.readBlock(second.run, chunk: ChunkID(0), index: 0) == nil)
      #expect(try await store.events(of: second.run).count == 5)
      #expect(try await store.check() == [])
      try await store.compact()
    }
  }

  /// A process that died between the end of its run and its release has left the lock's file.
  @Test func lockFilesThatWereLeftGo() async throws {
    try await withStore(.sqlite) { world in
      let store = world.store
      let (over, open) = (try await store.begin(), try await store.begin(.sample(day: 1)))
      let ending = try await store.begin(.sample(day: 2))
      for owner in [over, ending] { try await store.move(owner, through: .cancelled) }
      for owner in [over, open] { owner.unlock() }
      let never = Instant(microseconds: 0)
      _ = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: never, quarantineBefore: never)
      guard case .lockFiles(let locks) = store.owners else { throw Unexpected() }
      #expect(Set(try locks.runs()) == [open.run, ending.run])
      try await store.release(ending)
      #expect(try locks.runs() == [open.run])
    }
  }
}
