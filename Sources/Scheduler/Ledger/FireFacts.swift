package import Model

/// What the store knows of one job (or matrix row) when its schedule is looked at.
package struct FireFacts: Hashable, Sendable {
  package var now: Instant
  /// Fires that come due later are left to somebody else, or another time; `nil` where none is.
  package var enteringUntil: Instant?
  /// All fires up to here are in the ledger; `nil` for a job never seen before.
  package var lastConsidered: Instant?
  /// The fires that have no outcome yet, in any order.
  package var open: [OpenFire]
  /// A run that no open fire has claimed is going on: one started by hand, or a backfill.
  package var isOtherRunning: Bool
  /// `nil` where the job is not paused.
  package var pause: Pause?
  /// What upstream jobs have done, for those named under `after:`.
  package var upstream: [JobName: Upstream]
  /// How many more runs the job, its pool and the project take; `nil` where nothing bounds them.
  package var room: Int?

  package init(
    now: Instant, enteringUntil: Instant? = nil, lastConsidered: Instant?, open: [OpenFire] = [],
    isOtherRunning: Bool = false, pause: Pause? = nil, upstream: [JobName: Upstream] = [:], room: Int? = nil
  ) {
    self.now = now
    self.enteringUntil = enteringUntil
    self.lastConsidered = lastConsidered
    self.open = open
    self.isOtherRunning = isOtherRunning
    self.pause = pause
    self.upstream = upstream
    self.room = room
  }

  /// A ledger row that is `pending` or `claimed`.
  package struct OpenFire: Hashable, Sendable {
    package var instant: Instant
    package var interval: TimeRange?
    package var isClaimed: Bool
    /// The run that has claimed it has failed, and nobody works on it until it is tried again.
    package var isResting: Bool
    /// What a trigger gave; `nil` for a fire of the clock.
    package var parameters: [String: String]?
    /// When the row was written, by the host's clock: long after the fire for one that was missed.
    package var enteredAt: Instant
    /// When the oldest of the fires of its interval that have given way to it could have run; `nil` where there is none,
    /// or nobody counts from there.
    package var waitsSince: Instant?

    package init(
      instant: Instant, interval: TimeRange?, isClaimed: Bool, isResting: Bool = false,
      parameters: [String: String]? = nil, enteredAt: Instant, waitsSince: Instant? = nil
    ) {
      self.waitsSince = waitsSince
      self.isResting = isResting
      self.instant = instant
      self.interval = interval
      self.isClaimed = isClaimed
      self.parameters = parameters
      self.enteredAt = enteredAt
    }
  }

  package struct Pause: Hashable, Sendable {
    /// `nil`: until somebody ends it.
    package var until: Instant?

    package init(until: Instant?) {
      self.until = until
    }
  }

  package struct Upstream: Hashable, Sendable {
    /// The intervals of its successful runs.
    package var succeeded: [TimeRange]
    /// The intervals of its runs that failed for good and have not succeeded since.
    package var failed: [TimeRange]

    package init(succeeded: [TimeRange], failed: [TimeRange] = []) {
      self.succeeded = succeeded
      self.failed = failed
    }
  }
}
