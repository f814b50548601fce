import Engine
import Glibc
import JobFiles
import Model
import Runtime
import StateStore
import Synchronization
import Testing

@testable import Scheduler

/// A state store, a clock that stands still until it is moved, and runs that only pretend.
struct ScheduleWorld: Sendable {
  let store: Store
  let clock: HandClock
  let runner: PretendRunner
  let project: ProjectFile
  /// How far the host's clock goes before the state's.
  let ahead: Duration
  private let places = PoolPlaces()

  init(
    store: Store, clock: HandClock, runner: PretendRunner, project: ProjectFile, ahead: Duration = .zero
  ) {
    self.ahead = ahead
    self.store = store
    self.clock = clock
    self.runner = runner
    self.project = project
  }

  /// The keys of a job that leaves none of its fires out.
  static func every(_ cron: String) -> String {
    "schedule: {cron: \"\(cron)\", catch_up: all, if_running: queue_all}"
  }

  static let hourly = every("0 * * * *")

  /// 2026-06-01T00:00:00Z
  static let start = Instant(seconds: 1_780_272_000)

  static func hours(_ hours: Double) -> Instant { start.advanced(by: .seconds(hours * 3600)) }

  private static func hours(of instant: Instant) -> Double { Double(instant.seconds - start.seconds) / 3600 }

  var now: @Sendable () -> Instant { { [clock, ahead] in clock.now.advanced(by: ahead) } }

  /// One clerk that goes on counting, as that of a daemon does.
  var shared: FireClerk {
    FireClerk(store: store, project: project.project, now: now, places: places)
  }

  var clerk: FireClerk { FireClerk(store: store, project: project.project, now: now) }

  var execution: FireExecution {
    FireExecution(
      store: store, runner: runner, zones: .system, now: now,
      cancellation: RunCancellation(store: store, raiseFences: { _ in false }))
  }

  var hand: HandRun { HandRun(store: store, zones: .system, now: now) }

  /// - Parameter schedule: the lines under `schedule:`, and what else stands at the top level.
  func job(_ keys: String, store: String = file) throws -> ScheduledJob { try job("job", keys, store: store) }

  static let file = #"{file: {path: "out/${interval.label}.csv"}}"#

  func job(_ name: String, _ keys: String, store: String = file) throws -> ScheduledJob {
    let text = """
      version: 1
      job: \(name)
      timezone: UTC
      \(keys)
      source: {connection: shop, table: orders}
      aggregate: {group_by: [id], measures: {n: count(*)}}
      store: [\(store)]
      """
    let reading = try JobFile.read(bytes: Array(text.utf8), file: "jobs/\(name).yaml", project: project).get()
    let request = RunRequest(
      job: reading.job, jobText: text, jobHash: reading.hash, project: project.project, choice: .latest)
    return try #require(try ScheduledJob(request, row: "", now: clock.now, zones: .system))
  }

  /// - Parameter known: the jobs that others may wait for; `nil` for those that are looked at.
  @discardableResult
  func tick(_ jobs: ScheduledJob..., knowing known: [ScheduledJob]? = nil) async throws -> [FireReport] {
    try await tick(jobs, knowing: known)
  }

  private func tick(_ jobs: [ScheduledJob], knowing known: [ScheduledJob]?) async throws -> [FireReport] {
    let clerk = FireClerk(
      store: store, project: project.project, now: now, known: KnownJobs(known ?? jobs))
    return try await Tick(clerk: clerk, execution: execution, parallelism: 2).run(jobs) { _ in }
  }

  /// Moves the clock to so many hours after `start`, and looks at the schedules then.
  @discardableResult
  func tick(
    at hour: Double, _ jobs: ScheduledJob..., knowing known: [ScheduledJob]? = nil
  ) async throws -> [FireReport] {
    clock.set(hour)
    return try await tick(jobs, knowing: known)
  }

  /// A job whose fires count from now: it is looked at once.
  /// - Parameter keys: as for `job`.
  @discardableResult
  func seen(_ keys: String) async throws -> ScheduledJob {
    let job = try job(keys)
    try await tick(job)
    return job
  }

  /// Writes the fires that are due into the ledger, and runs none of them.
  func enterDue(_ job: ScheduledJob) async throws {
    var considered = try await clerk.entry.considered(seeing: [job])
    _ = try await clerk.entry.enterDue([job], considered: &considered)
  }

  /// The intervals of a job without a success that should have one by now.
  func holes(
    of job: ScheduledJob, firstSeen: Instant = ScheduleWorld.start
  ) async throws -> [HoleFinder.Hole] {
    try await HoleFinder(store: store, project: project.project.name, now: clock.now)
      .holes(job, firstSeen: firstSeen)
  }

  /// One row of a job's matrix, as far as the schedule is concerned.
  func row(_ name: String, of job: ScheduledJob) throws -> ScheduledJob {
    try #require(try ScheduledJob(job.request, row: name, now: clock.now, zones: .system))
  }

  static func range(_ start: Double, _ end: Double) -> TimeRange {
    TimeRange(start: hours(start), end: hours(end))
  }

  /// What the fires of the job's ledger are for, oldest first, and their outcomes: hours after `start`.
  func entered() async throws -> [String] {
    try await store.fires(
      project: project.project.name, job: JobName("job"), in: ScheduleWorld.range(-1e5, 1e5)
    ).map { "\(ScheduleWorld.text($0.interval)) \($0.outcome.rawValue)" }
  }

  static func text(_ range: TimeRange?) -> String {
    range.map { "\(hours(of: $0.start))-\(hours(of: $0.end))" } ?? "nothing"
  }

  /// The ledger of a job, oldest fire first: hours after `start`, by the state's clock, and outcome.
  func ledger(_ job: String = "job") async throws -> [String] {
    try await store.fires(
      project: project.project.name, job: JobName(job),
      in: TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: Int64.max))
    ).map {
      "\(ScheduleWorld.hours(of: $0.key.fire.advanced(by: .zero - ahead))) \($0.outcome.rawValue)"
    }
  }
}

extension ScheduleWorld {
  /// A project with a pool of one place.
  static func project(in folder: String) throws -> ProjectFile {
    let text = """
      version: 1
      project: shop
      connections: {shop: "service=nowhere"}
      pools: {narrow: {runs: 1}}
      """
    let config = folder + "/tidemark.yaml"
    let file = try #require(fopen(config, "w"))
    fputs(text, file)
    fclose(file)
    return try ProjectFile.read(root: folder, configs: [config]).get()
  }
}

/// - Parameter hoursAhead: how far the host's clock goes before the state's.
func withScheduleWorld(
  hoursAhead: Double = 0, _ body: (ScheduleWorld) async throws -> Void
) async throws {
  let ahead = Duration.seconds(hoursAhead * 3600)
  let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-scheduler-")
  let clock = HandClock(ScheduleWorld.start)
  let outcome: Result<Void, any Error>
  do {
    let store = try await Store.openSQLite(path: folder + "/state.db", now: { clock.now })
      .hosted { clock.now.advanced(by: ahead) }
    do {
      let project = try ScheduleWorld.project(in: folder)
      outcome = .success(
        try await body(
          ScheduleWorld(
            store: store, clock: clock, runner: PretendRunner(store, clock), project: project, ahead: ahead)))
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  } catch {
    outcome = .failure(error)
  }
  try FolderTree.remove(folder)
  try outcome.get()
}

final class HandClock: Sendable {
  private let moment: Mutex<Instant>

  init(_ start: Instant) { moment = Mutex(start) }

  var now: Instant { moment.withLock { $0 } }

  func set(_ hours: Double) { moment.withLock { $0 = ScheduleWorld.hours(hours) } }

  func advance(_ duration: Duration) { moment.withLock { $0 = $0.advanced(by: duration) } }
}

/// Takes runs through their states in the store, and ends them as a test has asked for.
final class PretendRunner: FireRunner {
  enum End: Sendable {
    case succeeds
    /// It is stopped when its success is written already.
    case succeedsAndIsStopped
    case fails
    /// The process dies in the middle: the run is left running.
    case dies
    case cannotStart
  }

  private let store: Store
  private let clock: HandClock
  private let script = Mutex<[End]>([])
  private let started = Mutex<[String]>([])
  private let goneOnWith = Mutex<[RunID]>([])
  private let length = Mutex<Duration>(.zero)
  private let gate = Mutex<Gate?>(nil)

  /// Where runs wait until a test lets them go on.
  private struct Gate {
    let arrivals = AsyncStream.makeStream(of: Void.self)
    let opening = AsyncStream.makeStream(of: Void.self)
  }

  init(_ store: Store, _ clock: HandClock) {
    self.store = store
    self.clock = clock
  }

  /// How the next runs end; those after them succeed.
  func expect(_ ends: End...) { script.withLock { $0 = ends } }

  /// How far each run moves the clock.
  func takes(_ duration: Duration) { length.withLock { $0 = duration } }

  /// Has the next runs wait in the middle, until `open` is called.
  func close() { gate.withLock { $0 = Gate() } }

  /// Returns when a run waits.
  func arrival() async {
    guard let gate = gate.withLock({ $0 }) else { return }
    for await _ in gate.arrivals.stream { break }
  }

  func open() {
    gate.withLock { gate in
      gate?.opening.continuation.finish()
      gate = nil
    }
  }

  private func passGate() async {
    guard let gate = gate.withLock({ $0 }) else { return }
    gate.arrivals.continuation.yield()
    for await _ in gate.opening.stream {}
  }

  /// The runs that were named to be gone on with, in order.
  var resumed: [RunID] { goneOnWith.withLock { $0 } }

  /// Job and hours after the start of each interval that was run, in order.
  var log: [String] { started.withLock { $0 } }

  /// Where the process of a run may die.
  enum Stage: CaseIterable, Sendable {
    case opened, running, publishing, succeeded
  }

  func run(_ request: RunRequest, matrixRowName: String) async throws -> RunOutcome {
    try await run(request, matrixRowName: matrixRowName, diesAt: nil)
  }

  func resume(_ record: RunRecord, _ request: RunRequest) async throws -> RunOutcome {
    goneOnWith.withLock { $0.append(record.id) }
    return try await run(request, matrixRowName: record.identity.matrixRow)
  }

  func run(
    _ request: RunRequest, matrixRowName: String, diesAt death: Stage?
  ) async throws -> RunOutcome {
    let end = script.withLock { $0.isEmpty ? .succeeds : $0.removeFirst() }
    if case .cannotStart = end { throw Fault("bad_parameter", .usage, "A parameter is missing") }
    let context = try RunContext(request, matrixRowName: matrixRowName, now: clock.now, zones: .system)
    let record: RunRecord
    switch try await store.openRun(
      NewRun(
        identity: context.identity, jobHash: request.jobHash, pool: request.job.limits.pool,
        again: request.again,
        fire: request.fire))
    {
    case .succeeded(let done): return .alreadyDone(done)
    case .fireTaken(let fire): return .fireTaken(fire)
    case .created(let run), .unfinished(let run): record = run
    }
    if death == .opened { throw PretendRunner.died }
    guard case .owned(let ownership) = try await store.claim(record.id) else {
      throw Fault("held", .conflict, "Somebody else has it")
    }
    do {
      return try await work(on: record, ownership, request, context, matrixRowName, end, diesAt: death)
    } catch {
      // As the system does for a lock, and a real run for its lease: also one that somebody has moved on just before.
      try await store.release(ownership)
      throw error
    }
  }

  private func work(
    on record: RunRecord, _ ownership: Ownership, _ request: RunRequest, _ context: RunContext,
    _ matrixRowName: String, _ end: End, diesAt death: Stage?
  ) async throws -> RunOutcome {
    let from = ScheduleWorld.start.duration(to: context.identity.interval?.start ?? ScheduleWorld.start)
    started.withLock { $0.append("\(request.job.name) \(Double(from.components.seconds) / 3600)") }
    clock.advance(length.withLock { $0 })
    if record.state != .running, [.planned, .failed, .interrupted].contains(record.state) {
      try await move(ownership, .running)
    }
    await passGate()
    // Past the merge a run only goes forward.
    if record.state != .publishing, try await store.cancelRequest(for: record.id) != nil {
      try await move(ownership, .cancelled, .cancelled)
      throw Fault("cancelled", .interrupted, "Somebody has cancelled the run")
    }
    if death == .running { throw PretendRunner.died }
    switch end {
    case .dies:
      // Writes nothing.
      throw Fault("interrupted", .interrupted, "The process died")
    case .fails:
      let willRetry = record.failures < request.job.errors.rerunAttempts
      let fault = Fault("division_by_zero", .data, "Division by zero")
      try await move(ownership, .failed, willRetry ? nil : .failed, pause: request.pause?(fault))
      throw fault
    case .succeeds, .succeedsAndIsStopped, .cannotStart: break
    }
    // What a dead owner had reached is not done again.
    let stages = [RunState.running, .merging, .prepared, .publishing]
    let reached = stages.firstIndex(of: record.state) ?? 0
    for state in stages.dropFirst(reached + 1) { try await move(ownership, state) }
    if death == .publishing { throw PretendRunner.died }
    let now = clock.now
    try await move(ownership, .succeeded, request.outcome(at: now), request.lateNotices(at: now))
    if death == .succeeded { throw PretendRunner.died }
    if case .succeedsAndIsStopped = end { throw Fault("interrupted", .interrupted, "The run was stopped") }
    _ = try await store.closeFires(
      coveredBy: record.id, as: .ran, clockParameters: try request.clockParameters(zones: .system))
    try await store.release(ownership)
    return .succeeded(
      RunSummary(
        run: record.id, job: request.job.name, matrixRow: matrixRowName, label: nil,
        revision: record.revision, rows: RowCounts(), chunks: 1,
        resultRows: 1, hash: "", seconds: 0, sinks: [], warnings: []))
  }

  private static let died = Fault("interrupted", .interrupted, "The process died")

  private func move(
    _ ownership: Ownership, _ state: RunState, _ outcome: FireOutcome? = nil,
    _ notices: [NoticeDraft] = [], pause: FailurePause? = nil
  ) async throws {
    try await store.move(
      ownership,
      RunMove(
        to: state, event: EventDraft(state.rawValue), notices: notices, fireOutcome: outcome, pause: pause))
  }
}
