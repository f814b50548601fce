import Compute
import Model
import Testing

@Suite struct CopyEncoderTests {
  private func encoded(_ type: SQLType, _ values: [Value]) -> [UInt8] {
    let column = Column(type)
    for value in values { column.append(value) }
    let schema = [ColumnSchema(name: "x", type: type)]
    var bytes: [UInt8] = []
    CopyEncoder(schema).append(Batch(schema: schema, columns: [column]), to: &bytes)
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
