internal import Engine
internal import Model
internal import Runtime
internal import StateStore

/// Runs by hand, or from a crontab without `tick`, and carries `errors.rerun` out: a failed run is
/// started again by the process that ran it, which waits meanwhile and says so.
struct RunReruns: Sendable {
  var environment: EngineEnvironment
  /// `--no-rerun`: fail at once.
  var isOff: Bool
  /// Is told what failed before the wait for the next attempt begins, and delivers what is to be heard of it.
  var tell: @Sendable (any Error) async throws -> Void

  /// - Throws: as `Conductor.run`, for the last attempt; a stop while waiting leaves the fault that the
  ///   wait is for.
  func run(_ request: RunRequest, matrixRowName: String) async throws -> RunOutcome {
    var request = request
    request.waitsToRerun = !isOff
    while true {
      let start = try await environment.store.now()
      do {
        return try await Conductor(environment).run(request, matrixRowName: matrixRowName)
      } catch let failure {
        guard !isOff, !Task.isCancelled,
          let run = try await failed(request, matrixRowName, since: start),
          let moment = RerunRule.moment(for: run, request.job.errors)
        else { throw failure }
        try await tell(failure)
        environment.report(
          run.id,
          .waiting(
            reason: "failed \(run.failures) of at most \(request.job.errors.rerunAttempts + 1) times; "
              + "runs again at \(Instant(seconds: moment.seconds).text())"))
        do {
          try await Task.sleep(for: max(.zero, environment.store.now().duration(to: moment)))
        } catch {
          throw failure
        }
        // The same interval, whatever time it has become; its fire stays with the run.
        request.choice = run.identity.interval.map(IntervalChoice.range) ?? request.choice
        request.fire = nil
      }
    }
  }

  /// The run that failed just now, if one had begun.
  /// - Parameter start: by the state's clock.
  private func failed(
    _ request: RunRequest, _ row: String, since start: Instant
  ) async throws -> RunRecord? {
    try await environment.store.runs(
      RunFilter(
        project: request.project.name, job: request.job.name, matrixRow: row, states: [.failed],
        isUnfinished: true)
    ).filter { $0.updatedAt >= start }.max { $0.updatedAt < $1.updatedAt }
  }
}
