import Compute
import Expressions
import Model
import Testing

/// Sketches against the exact answer, within the bounds that their types state.
@Suite struct SketchTests {
  @Test(arguments: [0, 1, 10, 900, 1_100, 20_000, 100_000])
  func distinctCounts(_ count: Int) throws {
    let rig = AggregateRig([.bigint], [.over(.approxCountDistinct, [(0, .bigint)], type: .bigint)])
    // Every value twice; repeats change nothing.
    let rows = (0..<count * 2).map { [Value.integer(Int64($0 % max(count, 1)) &* 2_654_435_761)] }
    guard case .integer(let estimate) = try rig.results(of: rows)[0][0] else {
      Issue.record("no estimate")
      return
    }
    // Three standard errors of 1.04 / sqrt(2^14).
    #expect(abs(Double(estimate) - Double(count)) <= Double(count) * 0.0244)
  }

  @Test func equalValuesCountOnce() throws {
    let rig = AggregateRig(
      [.numeric(nil)], [.over(.approxCountDistinct, [(0, .numeric(nil))], type: .bigint)])
    #expect(try rig.results(of: ["1.1", "1.10", "1.100", "2"].map { [.number($0)] }) == [[.integer(2)]])
  }

  @Test(arguments: [0.0, 0.01, 0.25, 0.5, 0.95, 0.999, 1.0])
  func percentiles(_ fraction: Double) throws {
    var random = FixedRandom(seed: 9)
    let rig = AggregateRig(
      [.double],
      [
        .over(.approxPercentile, [(0, .double)], type: .double, constants: [.double(fraction)]),
        .over(.percentileDisc, [], type: .double, order: [(0, .double)], constants: [.double(fraction)]),
      ])
    for spread in [1.0, 1e3, 1e-9, 1e200] {
      let rows = (0..<2_000).map { _ in
        [Value.double(Double.random(in: -1...3, using: &random) * spread)]
      }
      guard case .double(let approximate) = try rig.results(of: rows)[0][0],
        case .double(let exact) = try rig.results(of: rows)[0][1]
      else {
        Issue.record("no percentile")
        return
      }
      #expect(abs(approximate - exact) <= abs(exact) / 256)
    }
  }

  @Test func zeroAndTheInfinitiesAreExact() throws {
    let rig = AggregateRig(
      [.double], [.over(.approxPercentile, [(0, .double)], type: .double, constants: [.double(0.5)])])
    for value in [0, .infinity, -.infinity] as [Double] {
      #expect(try rig.results(of: [[.double(value)]]) == [[.double(value)]])
    }
    #expect(try rig.results(of: [[.double(.nan)]])[0][0].postgresText == "NaN")
    #expect(try rig.results(of: [[.null]]) == [[.null]])
  }
}
