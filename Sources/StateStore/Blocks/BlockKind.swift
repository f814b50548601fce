/// What a stored block is part of.
package enum BlockKind: String, Sendable, CaseIterable {
  /// The plan's bytes.
  case plan
  /// A chunk's group states.
  case partial
  /// The merged result between prepare and publish.
  case result
}
