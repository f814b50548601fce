package import Engine
package import Model
package import Runtime
package import StateStore

/// Finds what somebody means who runs a job by hand and names no interval.
package struct HandRun: Sendable {
  private let store: Store
  private let zones: ZoneFiles
  private let now: @Sendable () -> Instant

  package init(store: Store, zones: ZoneFiles, now: @escaping @Sendable () -> Instant) {
    self.store = store.hosted(by: now)
    self.zones = zones
    self.now = now
  }

  /// The job's oldest fire that has no outcome, which makes its interval again where the tick would, else its oldest
  /// run that was stopped or died, else the request as it is: of the latest interval.
  /// - Throws: `Faults` in the request's parameters, zone or interval.
  package func request(_ request: RunRequest, row: String) async throws -> RunRequest {
    var request = request
    let project = request.project.name
    let open = try await store.openFires(project: project, job: request.job.name)
      .first { $0.key.matrixRow == row }
    if let open {
      // A run that there is goes on with what it was begun for; see `FireExecution`.
      var interval = open.interval
      if let run = open.run, let begun = try await store.run(run) { interval = begun.identity.interval }
      request.choice = .fire(open.key.fire, entered: interval)
      request.fire = open.outcome == .pending ? open.key : nil
      request.parameters = open.parameters ?? [:]
      if let fire = request.fire {
        let context = try RunContext(request, matrixRowName: row, now: now(), zones: zones)
        request.again = try await store.isMadeUnseen(context.identity, fire)
      }
      return request
    }
    let parameters = try request.parameterTexts(zones: zones)
    let left = try await store.runs(
      RunFilter(project: project, job: request.job.name, matrixRow: row, isUnfinished: true)
    ).last { $0.state != .failed && $0.identity.interval != nil && $0.identity.parameters == parameters }
    if let interval = left?.identity.interval { request.choice = .range(interval) }
    return left == nil ? try await latest(request, row: row) : request
  }

  /// The latest interval of a request that names none, as the ledger has it: under `span: fire` the fire before its own may
  /// be one of a schedule that the job no longer has.
  /// - Throws: `Faults` in the request's parameters, zone or interval.
  package func latest(_ request: RunRequest, row: String) async throws -> RunRequest {
    guard request.choice == .latest, request.job.interval.span == .fire else { return request }
    let context = try RunContext(request, matrixRowName: row, now: now(), zones: zones)
    let entered = try await store.newestOfClock(
      project: request.project.name, job: request.job.name, matrixRow: row,
      before: now().advanced(by: .microseconds(1)))?.interval
    guard let own = context.identity.interval, let entered, entered.end == own.end else { return request }
    var request = request
    request.choice = .range(entered)
    return request
  }

  /// Closes the fire of a request whose interval turned out to have been made since it came.
  package func finish(_ request: RunRequest, _ outcome: RunOutcome) async throws {
    guard case .alreadyDone(let done) = outcome, let fire = request.fire else { return }
    try await store.closeFire(fire, madeBy: done)
  }
}
