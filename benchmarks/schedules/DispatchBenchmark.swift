import Engine
import Glibc
import JobFiles
import Model
import Runtime
import Scheduler
import StateStore
import Synchronization

/// A scheduler of many jobs over a state on disk, of which a hundred are due in each second; the others
/// sleep. What a run itself costs is left out: the engine is one that closes the fire at once.
struct DispatchBenchmark {
  let folder: String
  let jobs: Int
  let seconds: Int

  private static let perSecond = 100
  private static let bar = Duration.milliseconds(50)

  func run() async throws {
    let project = try ProjectFile.read(root: folder, configs: []).get()
    let store = try await Store.openSQLite(path: folder + "/state.db", now: { SystemClock.now })
    let engine = TimedEngine(store)
    let scheduled = try (0..<jobs).map { try job($0, project) }
    let daemon = SchedulerDaemon(
      parts: .init(
        clerk: FireClerk(store: store, project: project.project, now: { SystemClock.now }),
        execution: FireExecution(
          store: store, runner: engine, zones: .system, now: { SystemClock.now },
          cancellation: RunCancellation(store: store, raiseFences: { _ in false }))),
      parallelism: 1000, now: { SystemClock.now }
    ) { event in
      if case .trouble(let fault) = event { print("trouble: \(fault.sentence) \(fault.cause ?? "")") }
    }
    try await daemon.update(scheduled)
    let work = Task { try await daemon.run {} }
    try await Task.sleep(for: .seconds(seconds) + .milliseconds(500))
    work.cancel()
    try await work.value
    await store.close()
    let delays = engine.delays.sorted()
    guard !delays.isEmpty else {
      print("dispatch: nothing was due")
      exit(1)
    }
    func text(_ share: Double) -> String {
      let delay = delays[min(Int(Double(delays.count) * share), delays.count - 1)]
      return "\(Int(delay / .microseconds(100)) / 10).\(Int(delay / .microseconds(100)) % 10) ms"
    }
    print(
      "dispatch  \(jobs) jobs, \(DispatchBenchmark.perSecond) fires a second for \(seconds) s: \(delays.count) fires, "
        + "after their time by median \(text(0.5)), 99 % \(text(0.99)), most \(text(1))")
    guard delays.count >= DispatchBenchmark.perSecond * (seconds - 1), let last = delays.last,
      last <= DispatchBenchmark.bar
    else {
      print("dispatch: fires are missing, or later than \(DispatchBenchmark.bar)")
      exit(1)
    }
  }

  private func job(_ number: Int, _ project: ProjectFile) throws -> ScheduledJob {
    let isDue = number < 60 * DispatchBenchmark.perSecond
    let cron = isDue ? "\(number % 60) * * * * *" : "\(number % 60) \(number % 24) 29 2 *"
    let name = "job-\(number)"
    let text = """
      version: 1
      job: \(name)
      timezone: Europe/Berlin
      schedule: "\(cron)"
      source: {connection: db, table: sales}
      aggregate: {group_by: [id], measures: {n: count(*)}}
      store: [{file: {path: "${interval.label}.csv"}}]
      """
    let reading = try JobFile.read(bytes: Array(text.utf8), file: "\(name).yaml", project: project).get()
    let request = RunRequest(
      job: reading.job, jobText: text, jobHash: reading.hash, project: project.project, choice: .latest)
    guard let job = try ScheduledJob(request, row: "", now: SystemClock.now, zones: .system) else {
      throw Fault("no_schedule", .internal, "A job of the benchmark has no schedule")
    }
    return job
  }
}

/// Notes when each fire comes, and closes it.
private final class TimedEngine: FireRunner {
  private let store: Store
  private let noted = Mutex<[Duration]>([])

  init(_ store: Store) { self.store = store }

  /// How long after its time each fire came.
  var delays: [Duration] { noted.withLock { $0 } }

  func run(_ request: RunRequest, matrixRowName: String) async throws -> RunOutcome {
    let now = SystemClock.now
    guard let fire = request.fire else { throw Fault("no_fire", .internal, "A run without fire") }
    noted.withLock { $0.append(fire.fire.duration(to: now)) }
    try await store.closeFire(fire, as: .ran)
    return .succeeded(
      RunSummary(
        run: RunID("benchmark"), job: request.job.name, matrixRow: matrixRowName, label: nil, revision: 1,
        rows: RowCounts(), chunks: 0,
        resultRows: 0, hash: "", seconds: 0, sinks: [], warnings: []))
  }

  func resume(_ record: RunRecord, _ request: RunRequest) async throws -> RunOutcome {
    try await run(request, matrixRowName: record.identity.matrixRow)
  }
}
