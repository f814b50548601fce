internal import Model
internal import Runtime

/// Judges a server of which nothing comes while something of it is waited for: a slow statement, or a way to the
/// server on which nothing gets through any more. TCP itself tells only of peers that are gone: not of a proxy, or
/// a server, that keeps its connections open and stands still.
///
/// It only decides: whoever waits asks over another connection (`LivenessProbe`) when told to. A connection is lost
/// where that shows twice in a row, with nothing heard in between, that nothing is to come.
struct Silence {
  enum Step: Hashable {
    case wait
    case ask
    /// Longer than any answer can take.
    case giveUp
  }

  /// What another connection to the same server has shown.
  enum Finding: Hashable {
    /// The server works on the statement, or nobody can say.
    case working
    /// The statement waits for locks, which these have.
    case blocked(by: String)
    /// It waits for us: what it has sent, or should have got, is lost on the way.
    case waiting
    /// Nobody answers there.
    case unreachable

    /// Whether it says that nothing is to come.
    var isSuspicious: Bool { self == .waiting || self == .unreachable }
  }

  private var since: ContinuousClock.Instant?
  private var asked: ContinuousClock.Instant?
  /// Whether one more sign that nothing is to come makes the connection a lost one.
  private(set) var isSuspect = false

  /// How long nobody asks. `TIDEMARK_SILENCE_MS` makes it shorter, for tests.
  static let patience =
    Environment.process["TIDEMARK_SILENCE_MS"].flatMap(Int64.init).map { Duration.milliseconds($0) }
    ?? .seconds(30)

  /// How often somebody asks then.
  private static let pause = patience / 2
  /// How long one wait for the socket is, in milliseconds.
  static let turn = Int32(min(max(patience.milliseconds / 4, 1), 1000))

  /// - Parameter limit: what no silence may pass, whatever the server works on.
  mutating func step(at now: ContinuousClock.Instant, limit: Duration?) -> Step {
    guard let since else {
      since = now
      return .wait
    }
    if let limit, now - since > limit { return .giveUp }
    guard now - since >= Silence.patience, asked.map({ now - $0 >= Silence.pause }) ?? true else {
      return .wait
    }
    return .ask
  }

  /// - Parameter now: when that was found out.
  /// - Returns: whether the connection is lost.
  mutating func learn(_ finding: Finding, at now: ContinuousClock.Instant) -> Bool {
    asked = now
    defer { isSuspect = finding.isSuspicious }
    return isSuspect && finding.isSuspicious
  }
}
