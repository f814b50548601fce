internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler

/// The project's jobs with their schedules: what can be read, and what is wrong with the rest.
struct ScheduleReading: Sendable {
  /// One for each matrix row of each job that has a schedule.
  private(set) var scheduled: [ScheduledJob] = []
  /// Every job that could be read.
  private(set) var jobs: [Job] = []
  private(set) var faults: [Fault] = []

  /// - Parameters:
  ///   - names: only these jobs; all where empty.
  ///   - punctuality: how late a fire may be found and still count as on time.
  /// - Throws: `Fault` where a named job, or the folder of jobs, is not there.
  init(
    _ context: ProjectContext, names: [String] = [], parallelism: Int? = nil, punctuality: Duration
  ) throws {
    let paths =
      names.isEmpty
      ? try JobFolder.list(root: context.root)
      : try names.map { try JobFolder.find($0, root: context.root) }
    for path in paths {
      switch JobFile.read(path: path, project: context.file) {
      case .success(let reading):
        if let twin = jobs.first(where: { $0.name == reading.job.name && $0.file != reading.job.file }) {
          // They would share one ledger.
          faults.append(
            Fault(
              "ambiguous_job", .config, "\(path) and \(twin.file) are both named \(twin.name)",
              hint: "Change `job:` in one of them"))
          continue
        }
        jobs.append(reading.job)
        add(reading, context, parallelism, punctuality)
      case .failure(let found): faults += found.all
      }
    }
  }

  private mutating func add(
    _ reading: JobFile.Reading, _ context: ProjectContext, _ parallelism: Int?, _ punctuality: Duration
  ) {
    guard reading.job.schedule != nil else { return }
    do {
      for (name, row) in try JobRows(reading.job).rows(named: nil) {
        let request = RunRequest(
          job: reading.job, jobText: reading.text, jobHash: reading.hash, project: context.project,
          choice: .latest, matrixRow: row, parallelism: parallelism)
        let job = try ScheduledJob(
          request, row: name, now: SystemClock.now, zones: .system, punctuality: punctuality)
        if let job { scheduled.append(job) }
      }
    } catch let several as Faults {
      faults += several.all.map { $0.at(reading.job.schedule?.place) }
    } catch let fault as Fault {
      faults.append(fault.at(reading.job.schedule?.place))
    } catch {
      faults.append(Fault("internal", .internal, "\(reading.job.name) has no schedule", cause: "\(error)"))
    }
  }
}
