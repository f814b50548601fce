internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
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
      if job.row == nil { try await tellRow(of: run, in: store) }
      return run
    }
  }

  /// Says of which row of a matrix a run is that was named by its job alone.
  private func tellRow(of run: RunRecord, in store: Store) async throws {
    let identity = run.identity
    let others = Set(
      try await store.standingRuns(project: identity.project, job: identity.job).map(\.identity.matrixRow)
    ).subtracting([identity.matrixRow]).sorted()
    guard let other = others.first else { return }
    Terminal.printError(
      "note: this is `\(identity.subject)`, one of \(others.count + 1) rows; another is"
        + " \(NamedJob(name: identity.job, row: other).argument)\n")
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

  /// The same; of a job with a matrix the newest success of each row that it has.
  /// - Returns: `isEach` where each row was asked for, with the rows that have none.
  func succeededRuns(
    named name: String, in store: Store
  ) async throws -> (runs: [RunRecord], without: [NamedJob], isEach: Bool) {
    guard case .job(let job) = try await subject(name, in: store), job.row == nil,
      case let found = try reading(of: JobFolder.file(of: job.name, root: root)).job, found.matrix != nil
    else { return ([try await succeededRun(named: name, in: store)], [], false) }
    var (runs, without): ([RunRecord], [NamedJob]) = ([], [])
    for (row, _) in try await JobRows(found, queries).rows(named: nil) {
      let named = NamedJob(name: job.name, row: row)
      let newest = try await self.runs(of: named, in: store, RunFilter(states: [.succeeded], limit: 1))
      if newest.isEmpty { without.append(named) }
      runs += newest
    }
    if runs.isEmpty { throw ProjectContext.no("run that has succeeded", of: job) }
    return (runs, without, true)
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
    let request: RunRequest
    if let begun = try await begunRequest(for: record, store) {
      request = begun
    } else {
      request = try await self.request(for: record).request
    }
    return try PastRun(record, request, environment(store: store) { _, _ in })
  }

  /// What a run is gone on by: the present job, or where that cannot be asked any more, the one that the run came to its
  /// sinks with.
  /// - Returns: with what the present job is warned of.
  /// - Throws: `Fault` or `Faults` of the present job.
  func requestToResume(
    _ record: RunRecord, _ store: Store
  ) async throws -> (warnings: [Fault], request: RunRequest) {
    do {
      let (reading, request) = try await request(for: record)
      return (reading.warnings, request)
    } catch {
      guard let begun = try await begunRequest(for: record, store) else { throw error }
      return ([], begun)
    }
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
    let row = try await matrixRow(of: record, in: reading.job, isBegun: false)
    return (reading, request(for: record, reading.job, text: reading.text, hash: reading.hash, row))
  }

  /// The same of the job that a run came to its sinks with; `nil` where it has not come so far.
  private func begunRequest(for record: RunRecord, _ store: Store) async throws -> RunRequest? {
    try requireOwn(record)
    if try await store.sinkMarks(of: record.id).isEmpty { return nil }
    let environment = environment(store: store) { _, _ in }
    guard let (job, text) = try await PastRun.committedJob(of: record.id, in: environment) else { return nil }
    let row = try await matrixRow(of: record, in: job, isBegun: true)
    return request(for: record, job, text: text, hash: record.jobHash, row)
  }

  /// The row of a job's matrix that a run goes by: the one that the matrix has now; where the run has come to its sinks,
  /// the one that it was begun for; and that one too where the run is over and can still be looked at, whatever has
  /// become of its row.
  /// - Parameter isBegun: `job` is the one that the run came to its sinks with.
  /// - Returns: `nil` for a job without matrix.
  /// - Throws: `Fault` of the matrix; `unknown_matrix_row` where a run cannot go on without its row.
  private func matrixRow(of record: RunRecord, in job: Job, isBegun: Bool) async throws -> MatrixRow? {
    let saved = record.savedRow
    if isBegun, let saved { return saved }
    let identity = record.identity
    do {
      return try await JobRows(job, queries, parameters: identity.parameters)
        .rows(named: identity.matrixRow.isEmpty ? nil : identity.matrixRow).first?.1
    } catch {
      if record.state.isFinal, let saved { return saved }
      guard var fault = error as? Fault, fault.code == "unknown_matrix_row" else { throw error }
      // Another row is no way on.
      fault.hint = "Put the row back, or end the run with `tidemark cancel \(record.id)`"
      throw fault
    }
  }

  private func request(
    for record: RunRecord, _ job: Job, text: String, hash: String, _ row: MatrixRow?
  ) -> RunRequest {
    RunRequest(
      job: job, jobText: text, jobHash: hash, project: project,
      choice: record.identity.interval.map { .range($0) } ?? .latest, parameters: record.identity.parameters,
      matrixRow: row)
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

  /// The same beside work whose outcome stands, whatever becomes of its notices: what is wrong with the outbox is told.
  func deliverBesides(_ environment: EngineEnvironment, jobs: [Job]) async {
    do {
      try await deliverNotices(environment, jobs: jobs)
    } catch {
      // What a stop has cut short is delivered by whoever comes next.
      if !Task.isCancelled { SchedulerLog(log).trouble("outbox_trouble", error) }
    }
  }

  /// The same behind the work of a command, until a signal comes; none where one has come already.
  func deliverBehind(_ environment: EngineEnvironment, jobs: [Job]) async throws {
    try await StopSignals.cancelling { await deliverBesides(environment, jobs: jobs) }
  }
}
