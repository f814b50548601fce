internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler

/// What one job file says for a scheduler: its job, with its schedule worked out for each row of its
/// matrix, or what is wrong with it.
struct ScheduledFile: Sendable {
  var path: String
  /// `nil` where the file cannot be read.
  var job: Job?
  /// One for each matrix row; none for a job without schedule.
  var scheduled: [ScheduledJob] = []
  var faults: [Fault] = []

  /// The matrix comes from a query, and so may change without the file.
  var asksForRows: Bool {
    if case .query? = job?.matrix { job?.schedule != nil } else { false }
  }

  /// - Parameter punctuality: how late a fire may be found and still count as on time.
  init(path: String, _ context: ProjectContext, punctuality: Duration) async {
    self.path = path
    switch JobFile.read(path: path, project: context.file) {
    case .failure(let found): faults = found.all
    case .success(let reading):
      job = reading.job
      if reading.job.schedule == nil { return }
      do {
        for (name, row) in try await JobRows(reading.job, context.queries).rows(named: nil) {
          let request = RunRequest(
            job: reading.job, jobText: reading.text, jobHash: reading.hash, project: context.project,
            choice: .latest, matrixRow: row)
          let job = try ScheduledJob(
            request, row: name, now: SystemClock.now, zones: .system, punctuality: punctuality)
          if let job { scheduled.append(job) }
        }
      } catch let several as Faults {
        faults = several.all.map { $0.at(reading.job.schedule?.place) }
      } catch let fault as Fault {
        faults = [fault.at(reading.job.schedule?.place)]
      } catch {
        faults = [Fault("internal", .internal, "\(reading.job.name) has no schedule", cause: "\(error)")]
      }
    }
  }

  /// Reads many, as many at once as there are processors; in the order of `paths`.
  static func read(
    _ paths: [String], _ context: ProjectContext, punctuality: Duration
  ) async -> [ScheduledFile] {
    let size = max(1, paths.count / 64)
    return await withTaskGroup(of: (Int, [ScheduledFile]).self) { group in
      for start in stride(from: 0, to: paths.count, by: size) {
        group.addTask {
          var files: [ScheduledFile] = []
          for path in paths[start..<min(start + size, paths.count)] {
            files.append(await ScheduledFile(path: path, context, punctuality: punctuality))
          }
          return (start, files)
        }
      }
      var pieces: [(Int, [ScheduledFile])] = []
      for await piece in group { pieces.append(piece) }
      return pieces.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
  }

  /// Of two files with one job's name only the first counts: they would share a ledger.
  static func refuseTwins(_ files: inout [ScheduledFile]) {
    var owners: [JobName: String] = [:]
    for index in files.indices {
      guard let name = files[index].job?.name else { continue }
      guard let owner = owners[name] else {
        owners[name] = files[index].path
        continue
      }
      files[index].job = nil
      files[index].scheduled = []
      files[index].faults.append(.twins(files[index].path, owner, named: name))
    }
  }
}
