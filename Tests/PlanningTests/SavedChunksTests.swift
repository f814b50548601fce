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

  /// Those of one source by itself: which partitions there are may have changed since.
  @Test(arguments: [
    (["t", "t"], ["t"], true), (["t"], ["ONLY a AS t", "ONLY b AS t"], true),
    (["ONLY a AS t", "ONLY b AS t", "ONLY b AS t"], ["ONLY b AS t", "ONLY a AS t"], true),
    (["ONLY a AS t"], ["ONLY a AS t", "ONLY b AS t"], false),
    (["ONLY a AS t", "ONLY b AS t"], ["ONLY a AS t"], false),
    (["ONLY a AS t"], ["t"], false), ([], ["ONLY a AS t"], false), ([], [], true),
  ])
  func theyCoverWhatIsThere(_ saved: [String], _ present: [String], _ isCovered: Bool) throws {
    func chunks(_ relations: [String]) -> [PlannedChunk] {
      relations.enumerated().map { number, relation in
        PlannedChunk(
          id: ChunkID(number), source: 0, columns: "a", relation: SQLText(trusted: relation), predicate: nil,
          range: "")
      }
    }
    var plan = try PlanSamples.plan()
    plan.sources = [plan.sources[0]]
    plan.sources[0].relation = "t"
    plan.chunks = chunks(present)
    #expect(SavedChunks(chunks: chunks(saved)).cover(plan) == isCovered)
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"version":2,"chunks":[]}"#, #"{"version":1,"chunks":[{"source":0}]}"#,
    #"{"version":1,"chunks":[7]}"#, #"{"version":1}"#,
  ])
  func damagedOnesAreRefused(_ text: String) {
    #expect(throws: Fault.self) { try SavedChunks(bytes: Array(text.utf8)) }
  }
}
