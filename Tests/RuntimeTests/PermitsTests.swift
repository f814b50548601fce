import Model
import Runtime
import Synchronization
import Testing

@Suite struct PermitsTests {
  private final class Count: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var now: Int { state.withLock { $0.now } }
    var most: Int { state.withLock { $0.most } }

    func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func leave() { state.withLock { $0.now -= 1 } }
  }

  @Test func neverMoreThanThePermits() async throws {
    let permits = Permits(3)
    let state = Count()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await permits.take()
          state.enter()
          await Task.yield()
          state.leave()
          permits.giveBack()
        }
      }
      try await group.waitForAll()
    }
    #expect(state.now == 0)
    #expect(state.most <= 3)
  }

  @Test func aWaitingTaskCanBeCancelled() async throws {
    let permits = Permits(1)
    try await permits.take()
    let waiter = Task { try await permits.take() }
    while permits.waiting == 0 { await Task.yield() }
    waiter.cancel()
    let fault = await #expect(throws: Fault.self) { try await waiter.value }
    #expect(fault?.code == "cancelled")
    #expect(permits.waiting == 0)
    // The permit is still the first taker's, and comes back once.
    permits.giveBack()
    try await permits.take()
  }

  @Test func aCancelledTaskDoesNotWait() async throws {
    let permits = Permits(0)
    let waiter = Task {
      while !Task.isCancelled { await Task.yield() }
      try await permits.take()
    }
    waiter.cancel()
    await #expect(throws: Fault.self) { try await waiter.value }
  }
}
