package import Engine
internal import Model
package import StateStore

/// Finds what somebody means who runs a job by hand and names no interval.
package struct HandRun: Sendable {
  private let store: Store

  package init(store: Store) {
    self.store = store
  }

  /// The job's oldest fire that has no outcome, else its oldest run that was stopped or died, else
  /// the request as it is: of the latest interval.
  package func request(_ request: RunRequest, row: String) async throws -> RunRequest {
    var request = request
    let project = request.project.name
    let open = try await store.openFires(project: project, job: request.job.name)
      .first { $0.key.matrixRow == row }
    if let open {
      request.choice = .fire(open.key.fire)
      request.fire = open.outcome == .pending ? open.key : nil
      request.parameters = open.parameters ?? [:]
      return request
    }
    let left = try await store.runs(
      RunFilter(project: project, job: request.job.name, matrixRow: row, isUnfinished: true)
    ).last { $0.state != .failed && $0.identity.interval != nil && $0.identity.has(request) }
    if let interval = left?.identity.interval { request.choice = .range(interval) }
    return request
  }

  /// Closes the fire of a request whose interval turned out to have been made since it came.
  package func finish(_ request: RunRequest, _ outcome: RunOutcome) async throws {
    guard case .alreadyDone(let done) = outcome, let fire = request.fire else { return }
    try await store.closeFire(fire, madeBy: done)
  }
}

extension RunIdentity {
  /// Its parameters are those that the request would have.
  fileprivate func has(_ request: RunRequest) -> Bool {
    request.job.parameters.allSatisfy {
      parameters[$0.name] == request.parameters[$0.name] ?? $0.defaultValue
    }
  }
}
