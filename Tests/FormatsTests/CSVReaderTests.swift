import Model
import Testing

@testable import Formats

@Suite struct CSVReaderTests {
  private static func read(_ bytes: [UInt8]) throws(Fault) -> (header: [String], rows: [[String?]]) {
    var reader = try CSVReader(bytes, file: "modes.csv")
    var rows: [[String?]] = []
    while let row = try reader.next() { rows.append(row) }
    return (reader.header, rows)
  }

  private static func read(_ text: String) throws(Fault) -> (header: [String], rows: [[String?]]) {
    try read(Array(text.utf8))
  }

  @Test(
    arguments: [
      ("a,b\n1,2\n", [["1", "2"]]), ("a,b\r\n1,2\r\n", [["1", "2"]]), ("a,b\r1,2", [["1", "2"]]),
      ("a,b\n,\"\"\n", [[nil, ""]]), ("a,b\n\"x\"\"y\",\"p\nq,\"", [["x\"y", "p\nq,"]]),
      ("a,b\n1,\n", [["1", nil]]), ("\u{FEFF}a,b\n1,2", [["1", "2"]]), ("a,b", []),
      ("a,b\n é , ü ", [[" é ", " ü "]]),
    ] as [(String, [[String?]])])
  func wellFormed(_ text: String, _ rows: [[String?]]) throws {
    let (header, found) = try Self.read(text)
    #expect(header == ["a", "b"])
    #expect(found == rows)
  }

  @Test(arguments: [
    ("", 1, "has no header"), ("\u{FEFF}", 1, "has no header"), ("a,a\n", 1, "names a column twice"),
    ("a,b\n1,2\n3\n", 3, "has 1 fields where the header has 2"),
    ("a,b\n\"1\n2\",3\n4,5,6\n", 4, "has 3 fields where the header has 2"),
    ("a,b\n1,x\"y\n", 2, "has a quote inside an unquoted field"),
    ("a,b\n1,\"x\"y\n", 2, "goes on behind a closing quote"),
    ("a,b\n1,\"x\n\n", 2, "has a quote that is never closed"),
    ("a,b\n\n", 2, "has 1 fields where the header has 2"),
  ])
  func malformed(_ text: String, _ line: Int, _ what: String) {
    let fault = #expect(throws: Fault.self) { try Self.read(text) }
    #expect(fault?.sentence == "The CSV file \(what)")
    #expect(fault?.place == Place(file: "modes.csv", line: line, column: 1))
  }

  @Test func bytesThatAreNoText() {
    let fault = #expect(throws: Fault.self) { try Self.read(Array("a\n1\n".utf8) + [0xFF, 0x0A]) }
    #expect(fault?.sentence == "The CSV file is not UTF-8")
    #expect(fault?.place?.line == 3)
  }

  /// What is written is read again, whatever the texts hold.
  @Test func roundTripOfEveryShortText() throws {
    let letters: [String] = ["a", ",", "\"", "\n", "\r", "é", " "]
    let short = letters + letters.flatMap { first in letters.map { first + $0 } }
    let texts: [Value] = [.null, .text("")] + short.map { .text($0) }
    let schema = [ColumnSchema(name: "a", type: .text), ColumnSchema(name: "b", type: .text)]
    for value in texts {
      let rows: [[Value]] = [[value, .text("x")], [.text("\""), value]]
      let read = try Self.read(FileSamples.file(.csv, schema, rows))
      #expect(read.rows == rows.map { $0.map(\.postgresText) })
    }
    let single = [ColumnSchema(name: "a", type: .text)]
    #expect(
      try Self.read(FileSamples.file(.csv, single, texts.map { [$0] })).rows
        == texts.map { [$0.postgresText] })
  }

  /// Any bytes are either read or refused, and lines are counted within the file.
  @Test func seededNoise() {
    var seed: UInt64 = 42
    func next(_ bound: UInt64) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((seed >> 33) % bound)
    }
    let alphabet: [UInt8] = Array("ab,\"\n\r".utf8) + [0xEF, 0xBB, 0xBF, 0xFF, 0]
    for _ in 0..<5000 {
      let bytes = (0..<next(24)).map { _ in alphabet[next(UInt64(alphabet.count))] }
      do {
        let (header, rows) = try Self.read(bytes)
        #expect(rows.allSatisfy { $0.count == header.count })
      } catch {
        #expect(error.code == "bad_csv")
        let line = error.place?.line ?? 0
        #expect((1...bytes.count + 1).contains(line))
      }
    }
  }
}
