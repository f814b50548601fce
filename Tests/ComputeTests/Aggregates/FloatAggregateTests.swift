import Compute
import Expressions
import Model
import Testing

/// Float aggregates are the nearest numbers to the exact ones, whatever the order.
@Suite struct FloatAggregateTests {
  private static let all: [AggregateFunction] = [.sum, .avg, .varPop, .varSamp, .stddevPop, .stddevSamp]

  private static func results(
    _ values: [Double], _ functions: [AggregateFunction] = all
  ) throws -> [Double?] {
    let rig = AggregateRig([.double], functions.map { .over($0, [(0, .double)], type: .double) })
    return try rig.results(of: values.map { [.double($0)] })[0].map {
      if case .double(let value) = $0 { value } else { nil }
    }
  }

  @Test(
    arguments: [
      ([1e100, 1, -1e100], 1), ([1e308, 1e308, -1e308, -1e308, 3], 3), ([0.1, 0.2, -0.3], 0x1p-55),
      ([Double.leastNonzeroMagnitude, 1, -1], Double.leastNonzeroMagnitude),
      ([1, 0x1p-53], 1), ([1, 0x1p-53, 0x1p-200], 1 + 0x1p-52), ([1 + 0x1p-52, 0x1p-53], 1 + 0x1p-51),
      ([-0.0], 0), ([Double.greatestFiniteMagnitude, 0x1p969], Double.greatestFiniteMagnitude),
    ] as [([Double], Double)])
  func sums(_ values: [Double], _ expected: Double) throws {
    #expect(try Self.results(values, [.sum]) == [expected])
    #expect(try Self.results(values.reversed(), [.sum]) == [expected])
  }

  @Test func aSumBeyondTheRangeIsAFault() throws {
    #expect(throws: Fault.self) {
      try Self.results([.greatestFiniteMagnitude, .greatestFiniteMagnitude], [.sum])
    }
  }

  /// Against sums of 128-bit integers: multiples of 2^-40 up to 2^40.
  @Test func randomSums() throws {
    var random = FixedRandom(seed: 5)
    for _ in 0..<40 {
      let scaled = (0..<300).map { _ in Int64.random(in: -(1 << 52)...1 << 52, using: &random) }
      let shifts = scaled.map { _ in Int.random(in: 0...40, using: &random) }
      let values = zip(scaled, shifts).map {
        Double($0) * Double(sign: .plus, exponent: $1 - 70, significand: 1)
      }
      let total = zip(scaled, shifts).reduce(Int128(0)) { $0 + Int128($1.0) << Int128($1.1) }
      let results = try Self.results(values)
      #expect(results[0] == Double(total) * 0x1p-70)
      #expect(try Self.results(values.shuffled(using: &random)) == results)
    }
  }

  /// Whole numbers, whose variance is a quotient of whole numbers that a double holds.
  @Test func variances() throws {
    var random = FixedRandom(seed: 6)
    for count in 1...40 {
      let values = (0..<count).map { _ in Int64.random(in: -1_000...1_000, using: &random) }
      let (sum, squares) = (values.reduce(0, +), values.reduce(0) { $0 + $1 * $1 })
      let numerator = Double(Int64(count) * squares - sum * sum)
      let results = try Self.results(values.map { Double($0) })
      #expect(results[1] == Double(sum) / Double(count))
      #expect(results[2] == numerator / Double(count * count))
      #expect(results[3] == (count == 1 ? nil : numerator / Double(count * (count - 1))))
      let root = (numerator / Double(count * count)).squareRoot()
      // The root of the rounded variance may be one off from the rounded root.
      #expect(abs((results[4] ?? .nan) - root) <= root.ulp)
    }
    // The squares are beyond a double's range, the root of their mean is not.
    let wide = try Self.results([1e160, -1e160], [.stddevSamp])[0] ?? .nan
    #expect(abs(wide / 1e160 - 2.0.squareRoot()) < 1e-15)
    #expect(throws: Fault.self) { try Self.results([1e160, -1e160], [.varSamp]) }
    #expect(try Self.results([5, 5, 5, 5])[4] == 0)
    #expect(try Self.results([2, 4, 4, 4, 5, 5, 7, 9])[4] == 2)
  }

  @Test func specials() throws {
    #expect(
      try Self.results([1, .infinity]).map { $0?.description } == ["inf", "inf", "nan", "nan", "nan", "nan"])
    #expect(try Self.results([-.infinity, .infinity])[0]?.isNaN == true)
    #expect(try Self.results([.nan, .infinity])[0]?.isNaN == true)
    #expect(try Self.results([]) == [nil, nil, nil, nil, nil, nil])
  }

  @Test func sumsOfRealsAreRoundedOnceToReal() throws {
    let rig = AggregateRig([.real], [.over(.sum, [(0, .real)], type: .real)])
    let values: [Float] = [16_777_216, 1, 1, 0.5]
    #expect(
      try rig.results(of: values.map { [.double(Double($0))] })
        == [[.double(Double(Float(16_777_218.5 as Double)))]])
  }

  @Test func extremesAndKeysOfFloats() throws {
    let rig = AggregateRig(
      [.double], keys: [0],
      [.countRows(), .over(.min, [(0, .double)], type: .double), .over(.max, [(0, .double)], type: .double)])
    let values: [Double] = [0, -0.0, .nan, -.nan, .infinity, -.infinity, -1.5, 1]
    let rows = try rig.results(of: values.map { [.double($0)] })
    #expect(rows.map { $0[0].postgresText } == ["-Infinity", "-1.5", "0", "1", "Infinity", "NaN"])
    #expect(rows.map { $0[1] } == [1, 1, 2, 1, 1, 2].map { Value.integer($0) })
    let all = AggregateRig(
      [.double], [.over(.min, [(0, .double)], type: .double), .over(.max, [(0, .double)], type: .double)])
    #expect(try all.results(of: values.map { [.double($0)] })[0].map(\.postgresText) == ["-Infinity", "NaN"])
  }
}
