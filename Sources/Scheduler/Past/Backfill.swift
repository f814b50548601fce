package import Engine
package import Model
package import StateStore

/// Carries out backfill plans: some intervals at once, oldest first.
package struct Backfill: Sendable {
  private let runner: any FireRunner
  private let store: Store
  private let parallelism: Int

  package init(runner: any FireRunner, store: Store, parallelism: Int) {
    self.runner = runner
    self.store = store
    self.parallelism = parallelism
  }

  /// How one interval went.
  package struct Report: Sendable {
    package var job: ScheduledJob.ID
    package var item: BackfillPlan.Item
    package var outcome: RunOutcome?
    package var fault: Fault?
    /// The one that is to be gone on with after a fault; `nil` where none was begun.
    package var unfinished: RunID?
  }

  private struct Work: Sendable {
    var plan: BackfillPlan
    var item: BackfillPlan.Item
  }

  /// One interval's failure does not stop the others, but what would stop each of them does: a job
  /// that is wrong, a database that cannot be reached. Doing it again goes on with what is left.
  /// - Parameter tell: is told of each interval as it ends, with how many have ended.
  package func run(
    _ plans: [BackfillPlan], tell: @escaping @Sendable (Report, Int) -> Void
  ) async -> [Report] {
    var rest = plans.flatMap { plan in plan.items.map { Work(plan: plan, item: $0) } }[...]
    return await withTaskGroup(of: Report.self) { group in
      var reports: [Report] = []
      var isStopped = false
      for _ in 0..<parallelism {
        if let work = rest.popFirst() { group.addTask { await self.run(work) } }
      }
      while let report = await group.next() {
        reports.append(report)
        tell(report, reports.count)
        if let fault = report.fault, Backfill.stopping.contains(fault.kind) { isStopped = true }
        if !isStopped, !Task.isCancelled, let work = rest.popFirst() {
          group.addTask { await self.run(work) }
        }
      }
      return reports.sorted {
        ($0.job, $0.item.interval.start) < ($1.job, $1.item.interval.start)
      }
    }
  }

  private static let stopping: Set<FaultClass> = [
    .usage, .config, .validation, .auth, .notFound, .connection, .interrupted,
  ]

  private func run(_ work: Work) async -> Report {
    var report = Report(job: work.plan.id, item: work.item)
    do {
      report.outcome = try await runner.run(
        work.plan.request(for: work.item), matrixRowName: work.plan.id.row)
    } catch {
      report.fault = Fault(describing: error)
      report.unfinished = await unfinished(work)
    }
    return report
  }

  /// What the fault says matters more than what a state cannot be asked.
  private func unfinished(_ work: Work) async -> RunID? {
    let request = work.plan.request(for: work.item)
    do {
      return try await store.runs(
        RunFilter(
          project: request.project.name, job: work.plan.id.job, matrixRow: work.plan.id.row,
          isUnfinished: true)
      ).first { $0.identity.interval == work.item.interval }?.id
    } catch {
      return nil
    }
  }
}
