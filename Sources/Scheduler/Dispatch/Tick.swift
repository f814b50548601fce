internal import Model
internal import StateStore

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

  /// Runs the fires that have come when it begins, until none is left that could be run now: first those of the highest
  /// priority, then the one that has waited longest. The fires of one job run one after the other, oldest first, and
  /// after each the others have their turn; what one job's success makes ready runs too.
  /// - Parameter tell: is told of each fire as it ends.
  /// - Throws: `Fault` of the state store.
  package func run(
    _ jobs: [ScheduledJob], tell: @escaping @Sendable (FireReport) -> Void
  ) async throws -> [FireReport] {
    let start = clerk.moment
    var considered = try await clerk.entry.considered(seeing: jobs)
    // All at once, so that nobody's fires come to be missed while another's run.
    let entered = try await clerk.entry.enterDue(jobs, considered: &considered)
    let lanes = lanes(jobs, considered, pending: entered.openFires.pendingFires, start)
    return try await withThrowingTaskGroup(of: (Lane, FireReport).self) { group in
      var view: LedgerView? = entered
      var queue = LaneQueue(lanes, at: start)
      var running = 0
      var reports: [FireReport] = []
      while true {
        while running < parallelism, !Task.isCancelled,
          var lane = queue.next(isIdle: running == 0, at: clerk.moment)
        {
          switch try await clerk.step(lane.job, considered: &lane.considered, until: start, view: view) {
          case .rest(let rest): if rest.isWaiting { queue.rest(lane, rest.awaits) }
          case .run(let order) where order.leftBy == nil && order.fire.fire > lane.until:
            // Somebody else has entered it since. It is for the next tick.
            clerk.finished(order)
            queue.rest(lane, [])
          case .run(let order):
            running += 1
            group.addTask { [lane] in (lane, try await self.carryOut(order)) }
          }
        }
        guard let (ended, report) = try await group.next() else { return reports }
        running -= 1
        reports.append(report)
        tell(report)
        var next: Lane?
        // What could not be ended now is not tried a second time in one tick.
        if !report.isOpen || report.summary != nil {
          next = ended
          next?.oldest = try await clerk.oldestPending(ended.job) ?? start
        }
        queue.ended(next, changed: clerk.changes(endOf: ended.job))
        view = nil
      }
    }
  }

  private func lanes(
    _ jobs: [ScheduledJob], _ considered: [ScheduledJob.ID: Instant],
    pending: [ScheduledJob.ID: ClosedRange<Instant>], _ start: Instant
  ) -> [Lane] {
    jobs.map { job in
      let fires = pending[job.id] ?? start...start
      // An event that is there has come, whatever clock gave it its time.
      return Lane(
        job: job, considered: considered[job.id], oldest: fires.lowerBound,
        until: max(start, fires.upperBound))
    }
  }

  private func carryOut(_ order: FireOrder) async throws -> FireReport {
    defer { clerk.finished(order) }
    return try await execution.carryOut(order)
  }
}
