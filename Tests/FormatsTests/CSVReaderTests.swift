import Formats
import Model
import Testing

@Suite struct CSVReaderTests {
  private func rows(_ text: String) throws -> [[String?]] {
    var reader = try CSVReader(Array(text.utf8), file: "modes.csv")
    var rows: [[String?]] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
  }

  @Test(
    arguments: [
      ("a,b\n1,2\n", [["1", "2"]]), ("a,b\r\n1,2\r\n", [["1", "2"]]), ("a,b\n1,2", [["1", "2"]]),
      ("a,b\n,\"\"\n", [[nil, ""]]), ("\u{FEFF}a,b\n\"x\ny\",z\n", [["x\ny", "z"]]), ("a,b\n", []),
    ] as [(String, [[String?]])])
  func good(_ text: String, _ expected: [[String?]]) throws {
    #expect(try rows(text) == expected)
  }

  /// The text, and the line that the fault points at.
  @Test(arguments: [
    ("", 1), ("a,a\n", 1), ("a,b\n1\n", 2), ("a,b\n1,2\n\"x\ny\",2,3\n", 3), ("a\n\"open", 2),
    ("a\n\"x\"y\n", 2), ("a\nx\"y\n", 2),
  ])
  func bad(_ text: String, _ line: Int) {
    do {
      _ = try rows(text)
      Issue.record("no fault")
    } catch let fault as Fault {
      #expect(fault.code == "bad_csv")
      #expect(fault.place == Place(file: "modes.csv", line: line, column: 1))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func bytesThatAreNoText() {
    #expect(throws: Fault.self) {
      var reader = try CSVReader(Array("a\n".utf8) + [0xFF, 0x0A], file: "x")
      _ = try reader.next()
    }
  }
}
