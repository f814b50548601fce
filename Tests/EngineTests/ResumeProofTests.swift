import Model
import Planning
import Testing

@testable import Engine

@Suite struct ResumeProofTests {
  private let proof = ResumeProof(
    snapshot: "739:745:740,742", rows: 12, fileNodes: ["public.b": .max, "public.a": 1],
    systemIdentifier: "7001")

  @Test func comesBackFromItsJSON() throws {
    let again = try #require(ResumeProof(json: try JSONValue(parsing: proof.json.text)))
    #expect(again.json == proof.json)
    #expect(again.fileNodes == proof.fileNodes)
    #expect(again.rows == 12)
  }

  @Test(arguments: ["{}", "[]", "null", #"{"snapshot":"1:1:","rows":"x","system":"1"}"#])
  func whatIsNoProofProvesNothing(_ text: String) throws {
    #expect(ResumeProof(json: try JSONValue(parsing: text)) == nil)
  }

  @Test func asksOverTheChunksOwnPredicate() throws {
    let chunk = PlannedChunk(
      id: ChunkID(0), source: 0, columns: "\"a\"", relation: "\"t\"", predicate: "\"id\" < (5)", range: "r")
    let sql = try #require(proof.query(chunk)).text
    #expect(sql.contains("FROM \"t\" WHERE \"id\" < (5))"))
    #expect(sql.contains(">= 739"))
    var broken = proof
    broken.snapshot = "nonsense"
    #expect(broken.query(chunk) == nil)
  }
}
