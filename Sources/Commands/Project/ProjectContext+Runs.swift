internal import Engine
internal import JobFiles
internal import Model
internal import Scheduler
internal import StateStore

extension ProjectContext {
  /// The run that somebody names: by its id, or by a job, with the matrix row in brackets, for its newest.
  /// - Parameters:
  ///   - filter: which runs of a job are meant; its project, job and row are filled in.
  ///   - isOldest: of a job the oldest run is meant.
  /// - Throws: `Fault` `no_such_run`, with names that there are; else as `named`.
  func run(
    named text: String, in store: Store, _ filter: RunFilter = RunFilter(limit: 1), what: String = "runs",
    isOldest: Bool = false
  ) async throws -> RunRecord {
    switch try await subject(text, in: store) {
    case .run(let run): return run
    case .job(let job):
      let runs = try await runs(of: job, in: store, filter)
      guard let run = isOldest ? runs.last : runs.first else { throw ProjectContext.no(what, of: job) }
      return run
    }
  }

  /// - Parameter what: the runs that were asked for.
  static func no(_ what: String, of job: NamedJob) -> Fault {
    Fault(
      "no_such_run", .notFound, "Job \(job) has no \(what)",
      hint: "`tidemark history \(job.argument)` lists its runs; `tidemark run \(job.argument)` starts one")
  }

  /// The success that somebody names: a run's id, whatever its state, or a job for its newest success.
  /// - Throws: `Fault` `no_such_run`.
  func succeededRun(named name: String, in store: Store) async throws -> RunRecord {
    try await run(
      named: name, in: store, RunFilter(states: [.succeeded], limit: 1), what: "run that has succeeded")
  }

  /// A run that was, under its job's present file.
  /// - Throws: `Fault` or `Faults` of the job file.
  func pastRun(_ record: RunRecord, _ store: Store) async throws -> PastRun {
    try PastRun(record, try await request(for: record).request, environment(store: store) { _, _ in })
  }

  /// What cancels runs, and takes their targets away from owners that sleep.
  /// - Parameter warn: told of targets that could not be taken away.
  func cancellation(
    in store: Store, warn: @escaping @Sendable (String) -> Void = { Terminal.printError("warning: \($0)\n") }
  ) -> RunCancellation {
    RunCancellation(
      store: store,
      raiseFences: { record in
        // Nothing to take away, and no need for a job.
        if try await store.sinkMarks(of: record.id).isEmpty { return false }
        return try await begunRun(record, store).raiseFences()
      }, warn: warn)
  }

  /// A run as it was begun: its file may be another one by now, or broken.
  /// - Throws: `Fault` or `Faults` of the job.
  func begunRun(_ record: RunRecord, _ store: Store) async throws -> PastRun {
    let environment = environment(store: store) { _, _ in }
    let request =
      if let (job, text) = try await PastRun.committedJob(of: record.id, in: environment) {
        try await self.request(for: record, job, text: text, hash: record.jobHash)
      } else {
        try await self.request(for: record).request
      }
    return try PastRun(record, request, environment)
  }

  func runs(of job: NamedJob, in store: Store, _ filter: RunFilter) async throws -> [RunRecord] {
    var filter = filter
    filter.project = project.name
    filter.job = job.name
    filter.matrixRow = job.row
    return try await store.runs(filter)
  }

  /// Of a state that several projects share, a run of another one has other jobs, connections and targets.
  /// - Throws: `Fault` `no_such_run`.
  func requireOwn(_ record: RunRecord) throws(Fault) {
    if record.identity.project == project.name { return }
    throw Fault(
      "no_such_run", .notFound, "Run \(record.id) belongs to project \(record.identity.project)",
      hint: "Go to that project's folder, or name it by --project: its jobs and connections stand there")
  }

  /// The present job of a run, and what asks for exactly that run's identity.
  /// - Throws: `Fault` or `Faults` of the job file; `no_such_run` where the run is not this project's.
  func request(
    for record: RunRecord
  ) async throws -> (reading: JobFile.Reading, request: RunRequest) {
    try requireOwn(record)
    let reading = try reading(of: JobFolder.file(of: record.identity.job, root: root))
    return (
      reading, try await request(for: record, reading.job, text: reading.text, hash: reading.hash)
    )
  }

  private func request(
    for record: RunRecord, _ job: Job, text: String, hash: String
  ) async throws -> RunRequest {
    let identity = record.identity
    let rows: [(String, MatrixRow?)]
    do {
      rows = try await JobRows(job, queries, parameters: identity.parameters)
        .rows(named: identity.matrixRow.isEmpty ? nil : identity.matrixRow)
    } catch var fault as Fault where fault.code == "unknown_matrix_row" && !record.state.isFinal {
      // Another row is no way on.
      fault.hint = "Put the row back, or end the run with `tidemark cancel \(record.id)`"
      throw fault
    }
    return RunRequest(
      job: job, jobText: text, jobHash: hash, project: project,
      choice: identity.interval.map { .range($0) } ?? .latest, parameters: identity.parameters,
      matrixRow: rows.first?.1)
  }

  /// The jobs whose files can be read.
  private func readableJobs() -> [Job] {
    do {
      return try jobs().readings.map(\.job)
    } catch {
      // There is no folder of jobs.
      return []
    }
  }

  // MARK: Notices

  /// Delivers what is due in the project's outbox, of whichever job; the log says what could not be delivered.
  /// - Parameter jobs: those that were read already.
  /// - Throws: `Fault` of the state store alone.
  func deliverNotices(_ environment: EngineEnvironment, jobs: [Job]) async throws {
    try await NoticeDelivery(environment: environment, jobs: jobs, otherJobs: readableJobs) { [log] in
      log.write($0)
    }.deliverDue()
  }
}
