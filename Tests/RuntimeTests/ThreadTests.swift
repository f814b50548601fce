import Runtime
import Testing

@Suite struct ThreadTests {
  private actor Owner {
    let executor: ThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init() throws { executor = try ThreadExecutor(name: "test") }

    func isOnItsThread() -> Bool { executor.isCurrent }
  }

  @Test func anActorRunsOnItsOwnThread() async throws {
    let owner = try Owner()
    #expect(!owner.executor.isCurrent)
    for _ in 0..<100 { #expect(await owner.isOnItsThread()) }
  }

  @Test func aPoolRunsAllTasks() async throws {
    let pool = try ThreadPool(name: "test", threads: 3)
    let sum = await withTaskGroup(of: Int.self) { group in
      for number in 0..<1000 { group.addTask(executorPreference: pool) { number } }
      return await group.reduce(0, +)
    }
    #expect(sum == 499_500)
  }
}
