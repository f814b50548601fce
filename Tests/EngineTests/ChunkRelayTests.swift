import Model
import Testing

@testable import Engine

/// Who waits for a chunk goes on when it is there, when nothing more comes, and when it is cancelled; whatever comes first.
@Suite struct ChunkRelayTests {
  private static let chunk = ChunkID(1)

  @Test(arguments: [false, true]) func whatIsThereIsNotWaitedFor(_ isEarly: Bool) async throws {
    let relay = ChunkRelay()
    func come() throws {
      try relay.finish(ChunkID(0))
      try relay.finish(Self.chunk)
    }
    if isEarly { try come() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await relay.waitUntilFinished(Self.chunk) }
      if !isEarly { try come() }
      try await group.waitForAll()
    }
  }

  @Test(arguments: [false, true]) func nothingMoreComes(_ isEarly: Bool) async throws {
    let relay = ChunkRelay()
    if isEarly { relay.end() }
    let finished = Task { try await relay.waitUntilFinished(Self.chunk) }
    if !isEarly { relay.end() }
    await #expect(throws: CancellationError.self) { try await finished.value }
  }

  @Test func whatWasThereBeforeTheEndIsThere() async throws {
    let relay = ChunkRelay()
    try relay.finish(Self.chunk)
    relay.end()
    try await relay.waitUntilFinished(Self.chunk)
  }

  @Test func nothingIsReadForAResultThatIsRefused() throws {
    let relay = ChunkRelay()
    let fault = Fault("outside_window", .check, "A row lies outside of the window")
    relay.refuse(fault)
    #expect(throws: fault) { try relay.finish(Self.chunk) }
  }

  @Test func cancelled() async throws {
    let relay = ChunkRelay()
    for _ in 0..<100 {
      let task = Task { try await relay.waitUntilFinished(Self.chunk) }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }
}
