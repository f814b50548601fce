package import Model

/// What is known of a run before it has a plan.
package struct NewRun: Sendable {
  package var identity: RunIdentity
  /// Of the job file, as read.
  package var jobHash: String
  /// What the run was asked for, for its receipt: options, limits, who started it. No secrets.
  package var settings: JSONValue
  package var pool: String?
  /// Make a new revision of an identity that has succeeded.
  package var again: Bool
  /// The run whose quarantined rows this one processes again.
  package var replayOf: RunID?
  /// It is the oldest of the identity's runs that is not over, or else the next one: for jobs without interval, where
  /// each run stands for itself. The serial of `identity` is none yet.
  package var takesSerial = false
  /// The fire that this run is for, which becomes `claimed` in the same transaction.
  package var fire: FireKey?

  package init(
    identity: RunIdentity, jobHash: String, settings: JSONValue = .object([]), pool: String? = nil,
    again: Bool = false, replayOf: RunID? = nil, fire: FireKey? = nil
  ) {
    self.identity = identity
    self.jobHash = jobHash
    self.settings = settings
    self.pool = pool
    self.again = again
    self.replayOf = replayOf
    self.fire = fire
  }
}

/// What `openRun` found or made.
package enum OpenedRun: Sendable {
  case created(RunRecord)
  /// The one run of this identity that is not over: go on with it.
  case unfinished(RunRecord)
  /// Done before, with nothing later that was given up halfway, and `again` was not asked for. Nothing was written.
  case succeeded(RunRecord)
  /// The fire is not `pending` any more: somebody else took or closed it. Nothing was written.
  case fireTaken(FireRecord)
}
