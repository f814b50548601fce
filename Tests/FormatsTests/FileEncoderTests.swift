import Model
import Testing

@testable import Formats

/// The bytes of every type in both formats.
@Suite struct FileEncoderTests {
  @Test(arguments: 0..<FileSamples.values.count)
  func everyType(_ number: Int) {
    let sample = FileSamples.values[number]
    #expect(FileSamples.field(.csv, sample.type, sample.value) == sample.csv)
    #expect(FileSamples.field(.jsonl, sample.type, sample.value) == sample.json)
    #expect(FileSamples.field(.csv, sample.type, .null) == "")
    #expect(FileSamples.field(.jsonl, sample.type, .null) == "null")
  }

  @Test(arguments: 0..<FileSamples.values.count)
  func everyJSONLineIsJSON(_ number: Int) throws {
    let sample = FileSamples.values[number]
    let line = FileSamples.file(.jsonl, [ColumnSchema(name: "x\"\n", type: sample.type)], [[sample.value]])
    #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
    #expect(try JSONValue(parsing: line)["x\"\n"] != nil)
  }

  @Test func namesAreQuotedWhereTheyMust() {
    let schema = ["a", "b,c", "d\"", ""].map { ColumnSchema(name: $0, type: .integer) }
    let row: [Value] = [.integer(1), .null, .integer(3), .null]
    #expect(FileSamples.file(.csv, schema, [row, row]) == "a,\"b,c\",\"d\"\"\",\"\"\n1,,3,\n1,,3,\n")
    #expect(FileSamples.file(.csv, schema, []) == "a,\"b,c\",\"d\"\"\",\"\"\n")
    #expect(
      FileSamples.file(.jsonl, schema, [row]) == "{\"a\":1,\"b,c\":null,\"d\\\"\":3,\"\":null}\n")
    #expect(FileSamples.file(.jsonl, schema, []) == "")
  }
}
