import Model
import Testing

@Suite struct DecimalTests {
  /// Mantissas where the inline form ends and the long one begins.
  static let edges: [Int128] = [
    0, 1, -1, .max, .min, .max - 1, .min + 1, Int128(Int64.max), Int128(Int64.min),
  ]

  @Test func equalNumbersAreStoredAlike() throws {
    for a in Self.edges {
      for b in Self.edges {
        let (left, right) = (Decimal(a), Decimal(b))
        let sum = try left.adding(right)
        // Taking the long way round must lead to the same stored form.
        #expect(try sum.subtracting(right) == left)
        #expect(try Decimal(parsing: sum.description) == sum)
        #expect(Decimal.order(left, right).signum() == (a < b ? -1 : (a == b ? 0 : 1)))
      }
    }
  }

  @Test func hashingFollowsTheScale() throws {
    let (short, long) = (try Decimal(parsing: "1.0"), try Decimal(parsing: "1.00"))
    #expect(short != long && Decimal.order(short, long) == 0)
    #expect(Set([short, long, try Decimal(parsing: "1.00")]).count == 2)
  }

  /// Every cut and every changed byte of a binary form either reads as some number or is refused.
  @Test func malformedBytesAreRefused() throws {
    var bytes: [UInt8] = []
    try Decimal(parsing: "-12345678901234567890123456789012345678901234567890.12345").appendBinary(to: &bytes)
    for length in 0..<bytes.count {
      #expect(throws: RowFault.self) { try Decimal(binary: Array(bytes.prefix(length))) }
    }
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 0x27, 0x40, 0x7F, 0x80, 0xC0, 0xFF] {
        var changed = bytes
        changed[index] = value
        guard let number = try? Decimal(binary: changed) else { continue }
        #expect(try Decimal(parsing: number.description) == number)
      }
    }
  }
}
