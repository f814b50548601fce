import Model
import Planning
import Postgres
import Testing

@testable import Engine

@Suite struct ResumeProofTests {
  private let proof = ResumeProof(
    snapshot: "739:745:740,742", rows: 12, fileNodes: ["public.b": .max, "public.a": 1],
    database: "7001", place: ServerPlace(timeline: "00000001", log: 1000))

  @Test func comesBackFromItsJSON() throws {
    let again = try #require(ResumeProof(json: try JSONValue(parsing: proof.json.text)))
    #expect(again.json == proof.json)
    #expect(again.fileNodes == proof.fileNodes)
    #expect(again.rows == 12)
    #expect(again.place == proof.place)
  }

  @Test(arguments: ["{}", "[]", "null", #"{"snapshot":"1:1:","rows":"x","system":"1"}"#])
  func whatIsNoProofProvesNothing(_ text: String) throws {
    #expect(ResumeProof(json: try JSONValue(parsing: text)) == nil)
  }

  /// Only a server that goes on from where it was can tell what has changed.
  @Test func whatAServerCanVouchFor() {
    func place(_ timeline: String?, _ log: Int64) -> ServerPlace { ServerPlace(timeline: timeline, log: log) }
    let known: [(snapshot: String, place: ServerPlace?, isDoubted: Bool)] = [
      ("739:745:", place("00000001", 1000), false), ("745:745:", place("00000001", 1001), false),
      ("739:744:", place("00000001", 1001), true), ("739:746:", place("00000001", 999), true),
      ("739:746:", place("00000002", 1001), true), ("739:746:", place(nil, 1001), true),
      ("739:746:", nil, true), ("nonsense", place("00000001", 1000), true),
    ]
    for (snapshot, place, isDoubted) in known {
      #expect((proof.doubt(snapshot, place) != nil) == isDoubted, "\(snapshot) \(String(describing: place))")
    }
    var standby = proof
    standby.place?.timeline = nil
    #expect(standby.doubt("739:745:", place(nil, 1000)) == nil)
    #expect(standby.doubt("739:745:", place("00000001", 1000)) != nil)
    var silent = proof
    silent.place = nil
    #expect(silent.doubt("739:745:", nil) == nil && silent.doubt("739:744:", nil) != nil)
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
