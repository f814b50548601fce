import Model
@testable import StateStore
import Testing

@Suite struct OutboxTests {
  @Test(arguments: StoreKind.allCases)
  func decidedOnceAndTakenOnce(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      try await world.store.enqueue([.sample("a"), .sample("b"), .sample("later", delay: .seconds(600))])
      try await world.stranger().enqueue([.sample("a")])
      let other = try await world.stranger()
      let taken = try await withThrowingTaskGroup(of: [String].self) { group in
        for number in 0..<6 {
          let store = number.isMultiple(of: 2) ? other : world.store
          group.addTask {
            try await store.takeDueNotices(project: "shop", limit: 1, patience: .seconds(60)).map(\.id)
          }
        }
        return try await group.reduce([], +)
      }
      // Whoever found the first one just taken may go away with nothing.
      let rest = try await world.store.takeDueNotices(project: "shop", limit: 10, patience: .seconds(60))
      // With the first of a digest comes what has gathered for it and is not due by itself.
      #expect((taken + rest.map(\.id)).sorted() == ["a", "b", "later"])
      let all = try await world.store.notices(limit: 10)
      #expect(all.map(\.attempts).reduce(0, +) == 3 && all[0].facts["rows"]?.intValue == 3)
      #expect(all.allSatisfy { $0.digest == "ops/daily" && $0.channel == "ops" && $0.event == .failure })
    }
  }

  /// What is taken can be sent within the time that nobody else may try.
  @Test(arguments: StoreKind.allCases)
  func oneIsTakenWithItsDigestAlone(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      var other = NoticeDraft.sample("c")
      other.digest = "ops/hourly"
      try await world.store.enqueue([.sample("a"), .sample("b"), other])
      let taken = try await world.store.takeDueNotices(project: "shop", limit: 1, patience: .seconds(60))
      #expect(taken.map(\.id) == ["a", "b"])
      let next = try await world.store.takeDueNotices(project: "shop", limit: 1, patience: .seconds(60))
      #expect(next.map(\.id) == ["c"])
    }
  }

  /// What is tried again is one message, and not one for each notice; what a process takes elsewhere stays with it.
  @Test(arguments: StoreKind.allCases)
  func aDigestThatFailedIsTriedAgainAsOne(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue([.sample("a"), .sample("b")])
      func take() async throws -> [NoticeRecord] {
        try await store.takeDueNotices(project: "shop", limit: 1, patience: .seconds(60))
      }
      let fault = Fault("webhook_refused", .connection, "No", isTransient: true)
      try await store.markFailed(try await take(), fault, retryAfter: .zero)
      #expect(try await take().map(\.id) == ["a", "b"])
      var late = NoticeDraft.sample("c")
      late.delay = .zero
      try await store.enqueue([late])
      #expect(try await take().map(\.id) == ["c"])
    }
  }

  /// Each channel is asked for by itself; where nobody answers all that is due waits, and the one tried least comes first.
  @Test(arguments: StoreKind.allCases)
  func channelsDoNotWaitForOneAnother(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue(
        ["a", "b", "c"].map { id in
          var draft = NoticeDraft.sample(id)
          (draft.digest, draft.delay) = (nil, .zero)
          draft.channel = id == "c" ? "team" : "ops"
          return draft
        })
      func take(_ channel: String) async throws -> [NoticeRecord] {
        try await store.takeDueNotices(project: "shop", channel: channel, limit: 1, patience: .seconds(60))
      }
      #expect(try await store.dueChannels(project: "shop") == ["ops", "team"])
      #expect(try await store.dueChannels(project: "other").isEmpty)
      let first = try await take("ops")
      #expect(first.map(\.id) == ["a"])
      let fault = Fault("webhook_unreachable", .connection, "Nobody is there", isTransient: true)
      try await store.markFailed(first, fault, retryAfter: .seconds(60), holdingBack: .seconds(60))
      #expect(try await take("ops").isEmpty)
      #expect(try await store.dueChannels(project: "shop") == ["team"])
      #expect(try await take("team").map(\.id) == ["c"])
      #expect(try await store.dueChannels(project: "shop").isEmpty)
    }
  }

  /// One that always fails keeps none of the others back for long.
  @Test(arguments: StoreKind.allCases)
  func whatWasTriedLeastComesFirst(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue(
        ["a", "b"].map { id in
          var draft = NoticeDraft.sample(id)
          (draft.digest, draft.delay) = (nil, .zero)
          return draft
        })
      let fault = Fault("webhook_unreachable", .connection, "Nobody is there", isTransient: true)
      let first = try await store.takeDueNotices(project: "shop", limit: 1, patience: .seconds(60))
      try await store.markFailed(first, fault, retryAfter: .zero, holdingBack: .zero)
      let next = try await store.takeDueNotices(project: "shop", limit: 1, patience: .seconds(60))
      #expect(first.map(\.id) == ["a"] && next.map(\.id) == ["b"])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func failedAttemptsComeBackUntilGivenUp(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue([.sample("a"), .sample("b")])
      let taken = try await store.takeDueNotices(project: "shop", limit: 10, patience: .seconds(60))
      #expect(taken.map(\.id) == ["a", "b"])
      let fault = Fault("webhook_refused", .connection, "No", isTransient: true)
      try await store.markFailed([taken[0]], fault, retryAfter: .zero)
      var undelivered = try await store.undelivered(project: "shop")
      #expect(undelivered.gaveUp == 0 && undelivered.failing == 1)
      let again = try await store.takeDueNotices(project: "shop", limit: 10, patience: .seconds(60))
      #expect(again.map(\.id) == ["a"] && again[0].attempts == 2 && again[0].lastFault == fault)
      try await store.markGaveUp("a", fault)
      try await store.markDelivered("b")
      // What comes late changes nothing.
      try await store.markFailed([taken[1]], fault, retryAfter: .zero)
      try await store.markGaveUp("b", fault)
      undelivered = try await store.undelivered(project: "shop", job: JobName("daily"))
      #expect(undelivered.gaveUp == 1 && undelivered.failing == 0)
      let others: [(String, JobName?)] = [("shop", JobName("other")), ("other", nil)]
      for (project, job) in others {
        undelivered = try await store.undelivered(project: project, job: job)
        #expect(undelivered.gaveUp == 0 && undelivered.failing == 0)
      }
      #expect(try await store.notices(state: .gaveUp, limit: 10).map(\.id) == ["a"])
      #expect(try await store.notices(state: .delivered, limit: 10).map(\.id) == ["b"])
      #expect(try await store.retryNotices(["a", "b"]) == 1)
      #expect(
        try await store.takeDueNotices(project: "shop", limit: 10, patience: .seconds(60)).map(\.attempts)
          == [1])
    }
  }

  @Test(arguments: StoreKind.allCases) func whatGaveUpCanBeDismissed(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue([.sample("a", run: nil), .sample("b", run: nil), .sample("c", run: nil)])
      for id in ["a", "b"] { try await store.markGaveUp(id, Fault("refused", .notFound, "Nobody is there")) }
      #expect(try await store.dismissNotices(["a", "c", "d"], by: "me", reason: "gone") == 1)
      #expect(try await store.dismissNotices(["a"], by: "me", reason: nil) == 0)
      #expect(try await store.undelivered(project: "shop").gaveUp == 1)
      #expect(try await store.retryNotices(["a"]) == 0)
      #expect(try await store.notices(state: .dismissed, limit: 9).map(\.id) == ["a"])
      let events = try await store.events(since: Instant(microseconds: 0), limit: 9)
      #expect(events.map(\.name) == ["notice_dismissed"])
      #expect(
        events.first?.body["notice"]?.stringValue == "a" && events.first?.body["by"]?.stringValue == "me")
    }
  }

  /// Why some did not get what was delivered is kept; what had kept it back before is over.
  @Test(arguments: StoreKind.allCases)
  func aDeliveryKeepsItsOwnFaultAlone(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue([.sample("a"), .sample("b")])
      let (late, partly) = (Fault("late", .connection, "Later"), Fault("partly", .config, "Not to all"))
      for notice in try await store.takeDueNotices(project: "shop", limit: 10, patience: .zero) {
        try await store.markFailed([notice], late, retryAfter: .zero)
        try await store.markDelivered(notice.id, notice.id == "a" ? nil : partly)
      }
      let kept = try await store.notices(limit: 10).sorted { $0.id < $1.id }
      #expect(kept.map(\.lastFault) == [nil, partly])
    }
  }

  /// What some have already is for the others alone, also once it has given up and is to be sent after all.
  @Test(arguments: StoreKind.allCases)
  func whoHasItIsLeftOut(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      func take() async throws -> NoticeRecord {
        try #require(try await store.takeDueNotices(project: "shop", limit: 1, patience: .zero).first)
      }
      try await store.enqueue([.sample("a")])
      let fault = Fault("mail_partly_refused", .config, "Not to all", isTransient: true)
      let whole = try await take()
      #expect(whole.recipients == nil)
      try await store.markFailed([whole], fault, retryAfter: .zero, for: ["b@x", "c@x"])
      let left = try await take()
      #expect(left.recipients == ["b@x", "c@x"] && left.facts["rows"]?.intValue == 3)
      try await store.markFailed([left], fault, retryAfter: .zero, for: ["c@x"])
      try await store.markGaveUp("a", fault)
      try await store.retryNotices(["a"])
      let last = try await take()
      #expect(last.recipients == ["c@x"])
      #expect(last.facts.members.count == whole.facts.members.count + 1)
    }
  }

  /// A process that dies while it delivers loses nothing.
  @Test(arguments: StoreKind.allCases)
  func attemptsThatAreNotReportedComeBack(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      try await world.store.enqueue([.sample("a")])
      #expect(try await world.store.takeDueNotices(project: "shop", limit: 10, patience: .zero).count == 1)
      #expect(try await world.store.takeDueNotices(project: "shop", limit: 10, patience: .zero).count == 1)
    }
  }

  /// Two projects may keep their state in one database; only the own one's notifiers are known.
  @Test(arguments: StoreKind.allCases)
  func eachProjectSeesAndTakesItsOwn(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue([.sample("a")])
      try await store.enqueue((0..<3).map { .sample("other \($0)", project: "other") })
      #expect(try await store.notices(project: "shop", limit: 1).map(\.id) == ["a"])
      #expect(try await store.notices(limit: 10).count == 4)
      // The same channel and digest in another project do not come along.
      #expect(
        try await store.takeDueNotices(project: "shop", limit: 10, patience: .zero).map(\.id) == ["a"])
      #expect(try await store.takeDueNotices(project: "other", limit: 10, patience: .zero).count == 3)
    }
  }
}
