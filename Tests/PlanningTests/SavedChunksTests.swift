import Model
import Testing

@testable import Planning

@Suite struct SavedChunksTests {
  @Test func aPlansChunksComeBackAsTheyWere() throws {
    var chunks = try PlanSamples.plan().chunks
    chunks.append(
      PlannedChunk(
        id: ChunkID(chunks.count), source: 3, columns: "'\"\u{1F30A}'", relation: "\"a\\b\"", predicate: nil,
        range: "line\nbreak\t\u{0}"))
    let saved = SavedChunks(chunks: chunks, signature: "s", pushedDown: ["true"], rowOrder: ["a", "b"])
    #expect(try SavedChunks(bytes: saved.bytes) == saved)
    #expect(try SavedChunks(bytes: SavedChunks(chunks: []).bytes).chunks.isEmpty)
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"version":2,"chunks":[]}"#, #"{"version":1,"chunks":[{"source":0}]}"#,
    #"{"version":1,"chunks":[7]}"#, #"{"version":1}"#,
  ])
  func damagedOnesAreRefused(_ text: String) {
    #expect(throws: Fault.self) { try SavedChunks(bytes: Array(text.utf8)) }
  }
}
