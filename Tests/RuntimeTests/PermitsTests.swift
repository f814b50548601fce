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

  /// Who waits for several holds none, and nobody overtakes it.
  @Test func severalAreTakenInOneStep() async throws {
    let permits = Permits(4)
    #expect(try await permits.take(1...3) {} == 3)
    let several = Task { try await permits.take(3...5) {} }
    while permits.waiting < 1 { await Task.yield() }
    let one = Task { try await permits.take(1...1) {} }
    while permits.waiting < 2 { await Task.yield() }
    permits.giveBack()
    #expect(permits.waiting == 2)
    #expect(permits.takeNow(1...1) == nil)
    permits.giveBack(2)
    #expect(try await several.value == 4)
    #expect(permits.waiting == 1)
    permits.giveBack(4)
    #expect(try await one.value == 1)
    #expect(permits.takeNow(4...5) == nil)
    #expect(permits.takeNow(1...1) == 1)
    #expect(permits.takeAll() == 2)
  }

  /// Whoever leaves the line may have been what the others waited behind.
  @Test func theLineGoesOnWhereItsHeadLeaves() async throws {
    let permits = Permits(1)
    let several = Task { try await permits.take(2...2) {} }
    while permits.waiting < 1 { await Task.yield() }
    let one = Task { try await permits.take(1...1) {} }
    while permits.waiting < 2 { await Task.yield() }
    several.cancel()
    await #expect(throws: Fault.self) { try await several.value }
    #expect(try await one.value == 1)
  }
}
