internal import Model

/// The fires of one job that wait, as of one look at it: found out once, however many there are.
struct PendingLine {
  /// Oldest first.
  let fires: [FireFacts.OpenFire]
  let isRunning: Bool
  /// The same, without runs that have failed and wait to be tried again.
  let isAtWork: Bool
  private let newestMaking: [Purpose: Instant]

  private struct Purpose: Hashable {
    var interval: TimeRange?
    var parameters: [String: String]?

    init(_ fire: FireFacts.OpenFire) { (interval, parameters) = (fire.interval, fire.parameters) }
  }

  init(_ facts: FireFacts) {
    fires = facts.open.filter { !$0.isClaimed }.sorted { $0.instant < $1.instant }
    isRunning = facts.isOtherRunning || facts.open.contains(where: \.isClaimed)
    isAtWork = facts.isOtherRunning || facts.open.contains { $0.isClaimed && !$0.isResting }
    newestMaking = Dictionary(fires.map { (Purpose($0), $0.instant) }, uniquingKeysWith: { $1 })
  }

  /// The newest fire that makes the same as this one; `nil` where that is this one.
  func newestMakingTheSame(as fire: FireFacts.OpenFire) -> Instant? {
    newestMaking[Purpose(fire)].flatMap { $0 > fire.instant ? $0 : nil }
  }

  /// The newest fire of all; `nil` where that is this one.
  func newest(behind fire: FireFacts.OpenFire) -> Instant? {
    fires.last.flatMap { $0.instant > fire.instant ? $0.instant : nil }
  }
}
