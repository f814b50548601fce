internal import Model

/// One job of a tick, as long as something of it may be run.
struct Lane: Sendable {
  var job: ScheduledJob
  var considered: Instant?
  /// The fire of it that has waited longest.
  var oldest: Instant
  /// No later fire is begun.
  var until: Instant
  /// What it was last found to wait for; see `FireClerk.Rest`.
  fileprivate(set) var awaits: Set<Awaited> = []

  init(job: ScheduledJob, considered: Instant?, oldest: Instant, until: Instant) {
    self.job = job
    self.considered = considered
    self.oldest = oldest
    self.until = until
  }

  fileprivate func precedes(_ other: Lane) -> Bool {
    (other.job.job.limits.priority, oldest, job.id) < (job.job.limits.priority, other.oldest, other.job.id)
  }
}

/// Which job of a tick is to be looked at next: a run that ends calls for those that have waited for just that, and
/// not for everybody who waits.
///
/// Those that wait for something else, as a run of another process, are looked at now and then while something runs, and
/// all of them before the tick ends.
struct LaneQueue {
  /// The last is the first to have its turn.
  private var ready: [Lane]
  private var resting: [Lane] = []
  /// The places that were found full since one of them was last given back.
  private var full: Set<Awaited> = []
  /// Only where something has run can somebody who waits go on.
  private var hasEnded = false
  /// When all that rests was last looked at.
  private var lookedAt: Instant

  init(_ lanes: [Lane], at moment: Instant) {
    ready = lanes
    lookedAt = moment
    ready.sort { $1.precedes($0) }
  }

  /// - Parameter isIdle: nothing runs any more.
  mutating func next(isIdle: Bool, at moment: Instant) -> Lane? {
    while true {
      let isTime = moment >= lookedAt.advanced(by: FireClerk.Rest.patience)
      if hasEnded, isTime || ready.isEmpty && isIdle {
        hasEnded = false
        lookedAt = moment
        wake { _ in true }
        // What keeps them may have been of another process.
        for index in ready.indices { ready[index].awaits = [] }
      }
      guard let lane = ready.popLast() else { return nil }
      // Whoever was before it has the place.
      if lane.awaits.allSatisfy(\.isPlace), !lane.awaits.isDisjoint(with: full) {
        resting.append(lane)
        continue
      }
      return lane
    }
  }

  /// There is nothing to do for a lane for the time being.
  mutating func rest(_ lane: Lane, _ awaits: Set<Awaited>) {
    var lane = lane
    lane.awaits = awaits
    full.formUnion(awaits.filter(\.isPlace))
    resting.append(lane)
  }

  /// A run has ended.
  /// - Parameters:
  ///   - lane: its own, where that may go on.
  ///   - changed: what that may have ended the wait for.
  mutating func ended(_ lane: Lane?, changed: Set<Awaited>) {
    hasEnded = true
    full.subtract(changed)
    if var lane {
      lane.awaits = []
      ready.append(lane)
    }
    wake { !$0.awaits.isDisjoint(with: changed) }
  }

  private mutating func wake(_ isMeant: (Lane) -> Bool) {
    ready += resting.filter(isMeant)
    resting.removeAll(where: isMeant)
    ready.sort { $1.precedes($0) }
  }
}
