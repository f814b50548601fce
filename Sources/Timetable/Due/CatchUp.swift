package import Model

/// How far missed fires are made up for (`catch_up:`).
package struct CatchUp: Hashable, Sendable {
  package var policy: Schedule.CatchUpPolicy
  /// Fires further back than this are left; `nil` for no limit.
  package var window: Duration?
  /// A fire that is no older than this when it is first looked at counts as on time. A daemon that
  /// wakes for each fire needs seconds; who looks every five minutes needs those.
  package var punctuality: Duration

  package init(
    policy: Schedule.CatchUpPolicy, window: Duration?, punctuality: Duration = .seconds(60)
  ) {
    self.policy = policy
    self.window = window
    self.punctuality = punctuality
  }
}
