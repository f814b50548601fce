/// What a stored block is part of.
package enum BlockKind: String, Sendable, CaseIterable {
  /// The plan's bytes.
  case plan
  /// A chunk's group states.
  case partial
  /// What a run goes by once a sink has committed: the job and the facts that it was planned by.
  case commitment
}
