import Model
import Planning
import Testing

@testable import Engine

@Suite struct ChunkQueueTests {
  private static let chunks = (0..<3).map { number in
    PlannedChunk(
      id: ChunkID(number), source: 0, columns: "a", relation: "t", predicate: nil, range: "\(number)")
  }

  @Test func handsOutInOrder() {
    let queue = ChunkQueue(Self.chunks)
    for chunk in Self.chunks { #expect(queue.next(within: []) == chunk) }
    #expect(queue.next(within: []) == nil)
  }

  /// Whoever is within a snapshot will ask for one more chunk; who has asked in vain will not.
  @Test func aChunkIsLeftToReadersOnly() throws {
    let queue = ChunkQueue(Self.chunks)
    let first = try #require(queue.next(within: []))
    #expect(!queue.leave(first, toReadersOf: "db"))
    queue.enter("db")
    #expect(!queue.leave(first, toReadersOf: "other"))
    #expect(queue.leave(first, toReadersOf: "db"))
    for chunk in Self.chunks { #expect(queue.next(within: ["db"]) == chunk) }
    #expect(queue.next(within: ["db"]) == nil)
    #expect(!queue.leave(first, toReadersOf: "db"))
    queue.enter("db")
    queue.leave("db")
    #expect(!queue.leave(first, toReadersOf: "db"))
  }

  @Test func stoppedItTakesNothingBack() throws {
    let queue = ChunkQueue(Self.chunks)
    let first = try #require(queue.next(within: []))
    queue.enter("db")
    queue.stop()
    #expect(!queue.leave(first, toReadersOf: "db"))
    #expect(queue.next(within: ["db"]) == nil)
  }
}
