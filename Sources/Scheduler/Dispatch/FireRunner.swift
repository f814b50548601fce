package import Engine

/// Takes one run from its request to its end: the engine, or what a test puts in its place.
package protocol FireRunner: Sendable {
  /// - Throws: `Fault` or `Faults`; see `Conductor.run`.
  func run(_ request: RunRequest, matrixRowName: String) async throws -> RunOutcome
}

extension Conductor: FireRunner {}
