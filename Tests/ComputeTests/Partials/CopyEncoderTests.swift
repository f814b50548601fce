import Compute
import Model
import Testing

@Suite struct CopyEncoderTests {
  private func encoded(_ type: SQLType, _ values: [Value]) -> [UInt8] {
    let column = Column(type)
    for value in values { column.append(value) }
    let schema = [ColumnSchema(name: "x", type: type)]
    var bytes: [UInt8] = []
    var pieces = CopyEncoder(schema).pieces(of: Batch(schema: schema, columns: [column]))
    while let piece = pieces.next() { bytes += piece }
    return bytes
  }

  @Test func fields() {
    #expect(
      encoded(.integer, [.integer(-2), .null]) == [
        0, 1, 0, 0, 0, 4, 255, 255, 255, 254, 0, 1, 255, 255, 255, 255,
      ])
    #expect(encoded(.smallint, [.integer(258)]) == [0, 1, 0, 0, 0, 2, 1, 2])
    #expect(encoded(.boolean, [.boolean(true)]) == [0, 1, 0, 0, 0, 1, 1])
    #expect(encoded(.text, [.text("ä")]) == [0, 1, 0, 0, 0, 2, 0xC3, 0xA4])
    #expect(encoded(.jsonb, [.text("1")]) == [0, 1, 0, 0, 0, 2, 1, 49])
    #expect(encoded(.real, [.double(1)]) == [0, 1, 0, 0, 0, 4, 0x3F, 0x80, 0, 0])
    #expect(
      encoded(.interval, [.interval(CalendarInterval(months: 1, days: 2, microseconds: 3))])
        == [0, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1])
  }

  /// Long values are handed on from where they lie, and nothing else in large pieces.
  @Test func largeBatchesComeInPieces() {
    let schema = [ColumnSchema(name: "a", type: .jsonb), ColumnSchema(name: "b", type: .integer)]
    let columns = schema.map { Column($0.type) }
    var expected: [UInt8] = []
    func word(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
    for (row, size) in [12_000_000, 3, 700_000, 700_000, 6_000_000, 0].enumerated() {
      let text = String(repeating: "7", count: size)
      columns[0].append(.text(text))
      columns[1].append(.integer(Int64(row)))
      expected += [0, 2] + word(size + 1) + [1] + Array(text.utf8) + word(4) + word(row)
    }
    var pieces = CopyEncoder(schema).pieces(of: Batch(schema: schema, columns: columns))
    var bytes: [UInt8] = []
    var long = 0
    while let piece = pieces.next() {
      bytes += piece
      if piece.count > 2 << 20 { long += 1 }
    }
    #expect(bytes == expected)
    #expect(long == 2)
  }

  @Test func numericsAreThoseOfDecimal() throws {
    var texts = [
      "0", "0.00", "1", "-1", "NaN", "Infinity", "-Infinity", "1e40", "123456789012345678901234567890.5",
    ]
    for scale in 0...18 {
      for digits in [
        "1", "9", "10", "12", "9999", "10000", "12345", "100000000", "999999999999999999", "120000",
      ] {
        texts.append("\(digits)e-\(scale)")
        texts.append("-\(digits)e-\(scale)")
      }
    }
    for text in texts {
      let value = try Decimal(parsing: text)
      var binary: [UInt8] = []
      value.appendBinary(to: &binary)
      let expected = [0, 1, 0, 0, 0, UInt8(binary.count)] + binary
      #expect(encoded(.numeric(nil), [.numeric(value)]) == expected, "\(text)")
    }
  }
}
