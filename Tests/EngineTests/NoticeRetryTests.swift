import Model
import StateStore
import Synchronization
import Testing

@testable import Engine

@Suite struct NoticeRetryTests {
  /// What has just joined a digest that nobody takes is not given up with what is a day old.
  @Test func eachIsTriedForAsLongAsItsOwnAgeAllows() async throws {
    let clock = HandClock()
    let store = try await Store.openEmpty(inPlaceOf: "nowhere", locks: "nowhere") { clock.now }
    for id in ["old", "new"] {
      try await store.enqueue([
        NoticeDraft(
          id: id, run: nil, project: "shop", job: JobName("daily"), event: .failure, channel: "ops",
          facts: .object([]), digest: "daily/0")
      ])
      clock.advance(.seconds(86_400))
    }
    let records = try await store.takeDueNotices(project: "shop", limit: 1, patience: .zero)
    let now = records.map(\.createdAt).max()
    let retry = NoticeRetry(records, asked: nil, now: try #require(now), chance: 0)
    #expect(retry.over.map(\.id) == ["old"] && retry.again.map(\.id) == ["new"])
    #expect(retry.wait == .seconds(5))
    await store.close()
  }
}

private final class HandClock: Sendable {
  private let moment = Mutex(Instant(seconds: 1_780_272_000))

  var now: Instant { moment.withLock { $0 } }

  func advance(_ duration: Duration) { moment.withLock { $0 = $0.advanced(by: duration) } }
}
