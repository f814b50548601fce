internal import JobFiles
internal import Model
internal import Scheduler

/// The project's jobs with their schedules: what can be read, and what is wrong with the rest.
struct ScheduleReading: Sendable {
  private let files: [ScheduledFile]
  private let punctuality: Duration

  /// One for each matrix row of each job that has a schedule.
  var scheduled: [ScheduledJob] { files.flatMap(\.scheduled) }
  /// Those whose job could not be read.
  var broken: [String] { files.filter { $0.job == nil }.map(\.path) }
  /// Every job that could be read.
  var jobs: [Job] { files.compactMap(\.job) }
  var faults: [Fault] { files.flatMap(\.faults).eachOnce }

  /// - Parameters:
  ///   - names: only these jobs; all where empty.
  ///   - punctuality: how late a fire may be found and still count as on time.
  /// - Throws: `Fault` where a named job, or the folder of jobs, is not there.
  init(_ context: ProjectContext, names: [String] = [], punctuality: Duration) async throws {
    let paths =
      names.isEmpty
      ? try JobFolder.list(root: context.root)
      : Set(try names.map { try JobFolder.find($0, root: context.root).path }).sorted()
    var files = await ScheduledFile.read(paths, context, punctuality: punctuality)
    ScheduledFile.refuseTwins(&files)
    self.files = files
    self.punctuality = punctuality
  }

  /// These jobs and those that they wait for, whether they were named or not.
  func known(_ context: ProjectContext) async throws -> KnownJobs {
    let awaited = Set(scheduled.flatMap { $0.ledger.after?.jobs ?? [] })
    if awaited.isSubset(of: jobs.map(\.name)) { return KnownJobs(scheduled) }
    return KnownJobs(try await ScheduleReading(context, punctuality: punctuality).scheduled)
  }
}
