import Testing

@testable import Postgres

/// What a connection makes of a server that says nothing.
@Suite struct SilenceTests {
  private let start = ContinuousClock.now

  @Test func asksAfterAWhileAndThenNowAndThen() {
    var silence = Silence()
    let patience = Silence.patience
    #expect(silence.step(at: start, limit: nil) == .wait)
    #expect(silence.step(at: start + patience * 0.9, limit: nil) == .wait)
    #expect(silence.step(at: start + patience, limit: nil) == .ask)
    #expect(silence.learn(.working, at: start + patience) == false)
    #expect(silence.step(at: start + patience * 1.4, limit: nil) == .wait)
    #expect(silence.step(at: start + patience * 1.5, limit: nil) == .ask)
  }

  /// Every order of three findings: lost where two in a row say that nothing is to come.
  @Test func isLostAtTheSecondSuspicion() {
    let all: [Silence.Finding] = [.working, .waiting, .unreachable]
    for first in all {
      for second in all {
        for third in all {
          var silence = Silence()
          let found = [first, second, third]
          let lost = found.map { silence.learn($0, at: start) }
          let expected = found.indices.map { $0 > 0 && found[$0] != .working && found[$0 - 1] != .working }
          #expect(lost == expected, "\(found)")
        }
      }
    }
  }

  @Test func givesUpBehindTheLimit() {
    var silence = Silence()
    _ = silence.step(at: start, limit: .seconds(1))
    #expect(silence.step(at: start + .seconds(1), limit: .seconds(1)) == .wait)
    #expect(silence.step(at: start + .seconds(2), limit: .seconds(1)) == .giveUp)
  }
}
