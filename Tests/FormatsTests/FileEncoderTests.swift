import Compute
import Model
import Testing

@testable import Formats

/// The bytes of every type in both formats.
@Suite struct FileEncoderTests {
  @Test(arguments: 0..<FileSamples.values.count)
  func everyType(_ number: Int) throws {
    let sample = FileSamples.values[number]
    #expect(try FileSamples.field(.csv, sample.type, sample.value) == sample.csv)
    #expect(try FileSamples.field(.jsonl, sample.type, sample.value) == sample.json)
    #expect(try FileSamples.field(.csv, sample.type, .null) == "")
    #expect(try FileSamples.field(.jsonl, sample.type, .null) == "null")
  }

  @Test(arguments: 0..<FileSamples.values.count)
  func everyJSONLineIsJSON(_ number: Int) throws {
    let sample = FileSamples.values[number]
    let line = try FileSamples.file(
      .jsonl, [ColumnSchema(name: "x\"\n", type: sample.type)], [[sample.value]])
    #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
    #expect(try JSONValue(parsing: line)["x\"\n"] != nil)
  }

  /// A long text is written part by part, none of which cuts a character, and no more is gathered than some parts.
  @Test(arguments: FileSinkRule.FileFormat.allCases)
  func longTextsAreWrittenInParts(format: FileSinkRule.FileFormat) throws {
    let schema = [ColumnSchema(name: "x", type: .text)]
    for unit in ["aé\u{1F30A}", "\"\n\u{1}", "plain"] {
      let text = String(repeating: unit, count: 150_001)
      let column = Column(.text)
      column.append(.text(text))
      var bytes: [UInt8] = []
      var file = ""
      try FileEncoder(format, schema: schema).append(Batch(schema: schema, columns: [column]), to: &bytes) {
        #expect($0.count < 1 << 20)
        file += String(validating: $0, as: UTF8.self) ?? "(part of a character)"
        $0 = []
      }
      file += String(decoding: bytes, as: UTF8.self)
      switch format {
      case .csv:
        let isQuoted = unit.contains("\n")
        let doubled = String(
          repeating: unit.utf8.contains(UInt8(ascii: "\"")) ? "\"" + unit : unit, count: 150_001)
        #expect(file == (isQuoted ? "\"\(doubled)\"\n" : text + "\n"))
      case .jsonl: #expect(try JSONValue(parsing: file)["x"]?.stringValue == text)
      }
    }
  }

  @Test(arguments: FileSinkRule.FileFormat.allCases)
  func longBytesAreWrittenInParts(format: FileSinkRule.FileFormat) throws {
    let value = (0..<1_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let column = Column(.bytea)
    column.append(.bytes(value))
    var bytes: [UInt8] = []
    var file = ""
    try FileEncoder(format, schema: [ColumnSchema(name: "x", type: .bytea)]).append(
      Batch(schema: [ColumnSchema(name: "x", type: .bytea)], columns: [column]), to: &bytes
    ) {
      #expect($0.count < 1 << 20)
      file += String(decoding: $0, as: UTF8.self)
      $0 = []
    }
    file += String(decoding: bytes, as: UTF8.self)
    let text = Value.bytes(value).postgresText
    switch format {
    case .csv: #expect(file == "\(text ?? "")\n")
    case .jsonl: #expect(try JSONValue(parsing: file)["x"]?.stringValue == text)
    }
  }

  @Test func namesAreQuotedWhereTheyMust() throws {
    let schema = ["a", "b,c", "d\"", ""].map { ColumnSchema(name: $0, type: .integer) }
    let row: [Value] = [.integer(1), .null, .integer(3), .null]
    #expect(try FileSamples.file(.csv, schema, [row, row]) == "a,\"b,c\",\"d\"\"\",\"\"\n1,,3,\n1,,3,\n")
    #expect(try FileSamples.file(.csv, schema, []) == "a,\"b,c\",\"d\"\"\",\"\"\n")
    #expect(
      try FileSamples.file(.jsonl, schema, [row]) == "{\"a\":1,\"b,c\":null,\"d\\\"\":3,\"\":null}\n")
    #expect(try FileSamples.file(.jsonl, schema, []) == "")
  }

  /// Alone on its line it ends what Postgres's COPY reads.
  @Test(arguments: [(["a"], "a\n\"\\.\"\n"), (["a", "b"], "a,b\n\\.,\\.\n")])
  func theEndOfCopyIsQuoted(names: [String], file: String) throws {
    let schema = names.map { ColumnSchema(name: $0, type: .text) }
    #expect(try FileSamples.file(.csv, schema, [names.map { _ in .text("\\.") }]) == file)
  }
}
