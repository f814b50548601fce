import Testing

@testable import Engine

/// How long a replica is behind, from what was seen of its primary.
@Suite struct LagSamplesTests {
  private let start = ContinuousClock.now

  private func lag(_ written: Int64, _ replayed: Int64?) -> ReplicationLag {
    ReplicationLag(isReplica: false, lag: .zero, written: written, replayed: replayed)
  }

  @Test func aReplicaThatStandsStillFallsBehind() {
    var samples = LagSamples()
    let seen = [
      (0, 100, 100), (1, 120, 100), (2, 150, 100), (3, 150, 120), (4, 150, 149), (5, 160, 150), (6, 170, 170),
    ]
    let ages = seen.map { second, written, replayed in
      samples.take(lag(Int64(written), Int64(replayed)), now: start + .seconds(second))
    }
    #expect(ages == [0, 0, 1, 1, 2, 0, 0].map { .seconds($0) })
  }

  @Test func withoutReplicasNobodyIsBehind() {
    var samples = LagSamples()
    #expect(samples.take(lag(120, 100), now: start) == .zero)
    #expect(samples.take(lag(150, nil), now: start + .seconds(9)) == .zero)
    #expect(samples.take(lag(150, 100), now: start + .seconds(10)) == .zero)
  }
}
