import Model
@testable import StateStore
import Testing

@Suite struct SinkTests {
  @Test(arguments: StoreKind.allCases)
  func preparedAgainUntilCommitted(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      try await store.markPrepared(
        [PreparedSink(sink: "file", resultHash: "old", rowCount: 1)], commitment: nil, for: owner)
      try await store.markPrepared(
        [PreparedSink(sink: "file", resultHash: "new", rowCount: 2, details: .string("tmp"))],
        commitment: nil,
        for: owner)
      try await store.markPrepared(
        [PreparedSink(sink: "table", resultHash: "new", rowCount: 2)], commitment: nil, for: owner)
      var marks = try await store.sinkMarks(of: owner.run)
      #expect(marks.map(\.sink) == ["file", "table"])
      #expect(marks[0].resultHash == "new" && marks[0].rowCount == 2 && marks[0].details == .string("tmp"))
      #expect(marks.allSatisfy { $0.committedAt == nil })

      try await store.markCommitted(sinks: ["table"], for: owner)
      marks = try await store.sinkMarks(of: owner.run)
      #expect(marks[0].committedAt == nil && marks[1].committedAt != nil)
      world.clock.advance(.seconds(1))
      try await store.markCommitted(sinks: ["table"], for: owner)
      #expect(try await store.sinkMarks(of: owner.run) == marks)
      await expectFault("already_committed") {
        try await store.markPrepared(
          [PreparedSink(sink: "table", resultHash: "other", rowCount: 2)], commitment: nil, for: owner)
      }
      await expectFault("not_prepared") {
        try await store.markCommitted(sinks: ["file", "mail"], for: owner)
      }
      #expect(try await store.sinkMarks(of: owner.run) == marks)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func pastTheFirstCommitThereIsNoWayBack(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      try await store.move(owner, through: .running, .merging, .prepared)
      try await store.markPrepared(
        [PreparedSink(sink: "a", resultHash: "h", rowCount: 2)], commitment: nil, for: owner)
      try await store.move(owner, through: .publishing)
      try await store.markCommitted(sinks: ["a"], for: owner)
      try await store.move(owner, through: .failed)
      await expectFault("illegal_move") {
        _ = try await store.supersede(owner, by: .sample(), event: EventDraft("x"))
      }
      await expectFault("illegal_move") { try await store.move(owner, through: .running) }
      try await store.move(owner, through: .publishing, .interrupted, .publishing, .succeeded)
    }
  }
}
