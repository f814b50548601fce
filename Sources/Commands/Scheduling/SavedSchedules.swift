internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// The schedules of jobs whose files cannot be read, by what the state knows of them: what their last success was made
/// by, and what made them due at the last look.
struct SavedSchedules {
  let context: ProjectContext
  let store: Store

  /// - Parameter broken: the files that cannot be read.
  /// - Returns: none of a job that has not succeeded so far.
  func jobs(_ sightings: [Sighting], broken: [String]) async throws -> [ScheduledJob] {
    let names = Set(broken.map(SavedSchedules.name))
    var jobs: [ScheduledJob] = []
    for sighting in sightings where !broken.isEmpty {
      let filter = RunFilter(
        project: context.project.name, job: sighting.job, matrixRow: sighting.matrixRow,
        states: [.succeeded], limit: 1)
      guard let run = try await store.runs(filter).first,
        let file = run.settings["job_file"]?.stringValue, names.contains(SavedSchedules.name(of: file)),
        let scheduled = try await saved(run)?.asSeen(sighting)
      else { continue }
      jobs.append(scheduled)
    }
    return jobs
  }

  /// - Returns: `nil` where the job of then is not kept any more, or does not fit the project of today.
  private func saved(_ run: RunRecord) async throws -> ScheduledJob? {
    do {
      let environment = context.environment(store: store) { _, _ in }
      guard let (job, text) = try await PastRun.committedJob(of: run.id, in: environment) else { return nil }
      let request = RunRequest(
        job: job, jobText: text, jobHash: run.jobHash, project: context.project, choice: .latest,
        matrixRow: run.savedRow)
      return try ScheduledJob(
        request, row: run.identity.matrixRow, now: SystemClock.now, zones: .system)
    } catch is Faults {
      return nil
    } catch let fault as Fault where fault.kind == .notFound {
      return nil
    }
  }

  /// Of a file, from wherever it was named.
  private static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
