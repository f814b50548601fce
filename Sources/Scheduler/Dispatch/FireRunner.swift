package import Engine
package import StateStore

/// Takes one run from its request to its end: the engine, or what a test puts in its place.
package protocol FireRunner: Sendable {
  /// - Throws: `Fault` or `Faults`; see `Conductor.run`.
  func run(_ request: RunRequest, matrixRowName: String) async throws -> RunOutcome

  /// Goes on with exactly this run.
  /// - Throws: `Fault` or `Faults`; see `Conductor.resume`.
  func resume(_ record: RunRecord, _ request: RunRequest) async throws -> RunOutcome
}

extension Conductor: FireRunner {}
