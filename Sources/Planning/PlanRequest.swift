package import Model

/// What one plan is made for.
package struct PlanRequest: Hashable, Sendable {
  package var job: Job
  package var references: ReferenceScope
  /// Those that there are; `nil` where all that is asked of them is known already.
  package var connections: [String: ConnectionRule]?

  package init(
    job: Job, references: ReferenceScope, connections: [String: ConnectionRule]?
  ) {
    self.job = job
    self.references = references
    self.connections = connections
  }
}
