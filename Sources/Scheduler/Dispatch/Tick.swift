internal import Model

/// Runs everything that is due, once: for cron, timers and people.
package struct Tick: Sendable {
  private let clerk: FireClerk
  private let execution: FireExecution
  /// How many jobs may run at once.
  private let parallelism: Int

  package init(clerk: FireClerk, execution: FireExecution, parallelism: Int) {
    self.clerk = clerk
    self.execution = execution
    self.parallelism = parallelism
  }

  /// Works off the jobs until nothing is due that could be run now. The fires of one job run one
  /// after the other, oldest first; what one job's success makes ready runs too.
  /// - Parameter tell: is told of each fire as it ends.
  /// - Throws: `Fault` of the state store.
  package func run(
    _ jobs: [ScheduledJob], tell: @escaping @Sendable (FireReport) -> Void
  ) async throws -> [FireReport] {
    var considered = try await clerk.entry.considered(seeing: jobs)
    // All at once, so that nobody's fires come to be missed while another's run.
    _ = try await clerk.entry.enterDue(jobs, considered: &considered)
    var reports: [FireReport] = []
    var lanes = jobs.map { [considered] in Lane(job: $0, considered: considered[$0.id]) }.sorted {
      ($1.job.job.limits.priority, $0.job.id) < ($0.job.job.limits.priority, $1.job.id)
    }
    while !lanes.isEmpty {
      let done = try await round(lanes, tell)
      let found = done.flatMap(\.reports)
      reports += found
      // Only where something has run can somebody who waited go on.
      if found.isEmpty || Task.isCancelled { break }
      lanes = done.filter { $0.isWaiting }.map { Lane(job: $0.job, considered: $0.considered) }
    }
    return reports
  }

  private struct Lane: Sendable {
    var job: ScheduledJob
    var considered: Instant?
    var reports: [FireReport] = []
    var isWaiting = false
  }

  private func round(
    _ lanes: [Lane], _ tell: @escaping @Sendable (FireReport) -> Void
  ) async throws -> [Lane] {
    try await withThrowingTaskGroup(of: Lane.self) { group in
      var rest = lanes[...]
      var done: [Lane] = []
      for _ in 0..<parallelism {
        if let lane = rest.popFirst() { group.addTask { try await self.workOff(lane, tell) } }
      }
      while let lane = try await group.next() {
        done.append(lane)
        if let lane = rest.popFirst() { group.addTask { try await self.workOff(lane, tell) } }
      }
      return done.sorted {
        ($1.job.job.limits.priority, $0.job.id) < ($0.job.job.limits.priority, $1.job.id)
      }
    }
  }

  private func workOff(_ lane: Lane, _ tell: @Sendable (FireReport) -> Void) async throws -> Lane {
    var lane = lane
    while !Task.isCancelled {
      switch try await clerk.step(lane.job, considered: &lane.considered) {
      case .rest(let rest):
        lane.isWaiting = rest.isWaiting
        return lane
      case .run(let order):
        let report: FireReport
        do {
          report = try await execution.carryOut(order)
        } catch {
          clerk.finished(order)
          throw error
        }
        clerk.finished(order)
        lane.reports.append(report)
        tell(report)
        // What could not be ended now is not tried a second time in one tick.
        if report.isOpen, report.summary == nil { return lane }
      }
    }
    return lane
  }
}
