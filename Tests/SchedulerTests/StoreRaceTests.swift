import DemoServer
import Engine
import Glibc
import Model
import Seeds
import Runtime
import StateStore
import Synchronization
import Testing

@testable import Scheduler

/// Two schedulers on one state, each with its own connection, and runs that die at random: of each fire there is
/// one outcome.
///
/// `TIDEMARK_CASES` asks for so many fires in each store, `TIDEMARK_SEED` for other deaths.
@Suite(.timeLimit(.minutes(8))) struct StoreRaceTests {
  private static let jobs = 25

  @Test func eachFireHasExactlyOneOutcome() async throws {
    // In memory where there is such a folder: it is not the disk that is tested.
    let isShared = access("/dev/shm", W_OK) == 0
    let folder = try FolderTree.temporary(in: isShared ? "/dev/shm" : "/tmp", prefix: "tidemark-race-")
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(
        try await race(folder, GeneratedCases(10_000)) { clock in
          try await Store.openSQLite(path: folder + "/state.db", now: { clock.now })
        })
    } catch {
      outcome = .failure(error)
    }
    try FolderTree.remove(folder)
    try outcome.get()
  }

  @Test func eachFireHasExactlyOneOutcomeInPostgres() async throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-race-")
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(
        try await SharedServer.withDatabase { settings in
          try await race(folder, GeneratedCases(500)) { _ in
            try await Store.openPostgres(settings, lease: .seconds(600))
          }
        })
    } catch {
      outcome = .failure(error)
    }
    try FolderTree.remove(folder)
    try outcome.get()
  }

  private func race(
    _ folder: String, _ cases: GeneratedCases, open: (HandClock) async throws -> Store
  ) async throws {
    let start = ContinuousClock.now
    let clock = HandClock(ScheduleWorld.start)
    let hours = max(cases.count / Self.jobs, 1)
    var worlds: [ScheduleWorld] = []
    var runners: [DyingRunner] = []
    for seed in 0..<2 {
      let store = try await open(clock)
      let project = try ScheduleWorld.project(in: folder)
      worlds.append(
        ScheduleWorld(
          store: store, clock: clock, runner: PretendRunner(store, clock), project: project))
      runners.append(DyingRunner(worlds[worlds.count - 1].runner, cases.numbers(seed)))
    }
    let (first, second) = ((worlds[0], runners[0]), (worlds[1], runners[1]))
    // Some catch up all, some skip, some replace: the ledger holds under each.
    let policies = Schedule.IfRunningPolicy.allCases.map(\.rawValue)
    let jobs = try (0..<Self.jobs).map { number in
      try worlds[0].job(
        "job-\(number)",
        "schedule: {cron: \"0 * * * *\", catch_up: all, if_running: \(policies[number % policies.count])}")
    }
    var random = cases.numbers(2)
    for hour in 0...hours {
      clock.set(Double(hour))
      // Now and then one of them, or both, are down for an hour; at first they see the jobs.
      let down = hour == 0 ? 9 : random.below(10)
      async let one: Void = look(first.0, first.1, jobs, isDown: down < 2)
      async let two: Void = look(second.0, second.1, jobs, isDown: down == 1 || down == 2)
      _ = try await (one, two)
    }
    for runner in runners { runner.dies = false }
    for _ in 0..<5 {
      clock.advance(.seconds(30))
      try await look(worlds[0], runners[0], jobs, isDown: false)
    }
    #expect(runners.map(\.deaths).reduce(0, +) > 10)
    let store = worlds[0].store
    for job in jobs {
      let fires = try await store.fires(
        project: "shop", job: job.id.job,
        in: TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: Int64.max)))
      let wrong = Set(fires.map(\.key.fire)).symmetricDifference(
        (1...hours).map { ScheduleWorld.hours(Double($0)) })
      #expect(wrong.isEmpty && fires.count == hours, "\(job.id) \(fires.count)")
      let open = fires.filter(\.outcome.isOpen)
      #expect(open.isEmpty, "\(job.id): \(open)")
      #expect(fires.allSatisfy { $0.closedAt != nil })
      // Whatever ran has a run of its own, and that one run has succeeded once.
      let ran = fires.filter { [.ran, .late, .caughtUp].contains($0.outcome) }
      #expect(Set(ran.compactMap(\.run)).count == ran.count)
      let runs = try await store.runs(
        RunFilter(project: "shop", job: job.id.job, states: [.succeeded], limit: 100_000))
      #expect(Set(runs.map(\.identity.key)).count == runs.count)
      #expect(Set(ran.compactMap(\.run)).isSubset(of: runs.map(\.id)))
    }
    for world in worlds { await world.store.close() }
    print(
      "\(hours * Self.jobs) fires, \(runners.map(\.deaths).reduce(0, +)) deaths, one outcome each, in \(start.duration(to: .now)): \(store.location)"
    )
  }

  /// What a scheduler does when it is started, until nothing is due.
  private func look(
    _ world: ScheduleWorld, _ runner: DyingRunner, _ jobs: [ScheduledJob], isDown: Bool
  ) async throws {
    if isDown { return }
    let execution = FireExecution(
      store: world.store, runner: runner, zones: .system, now: world.now,
      cancellation: RunCancellation(store: world.store, raiseFences: { _ in false }))
    _ = try await Tick(clerk: world.clerk, execution: execution, parallelism: 3).run(jobs) { _ in }
  }
}

/// Has one run in eight die in the middle, by its own sequence.
private final class DyingRunner: FireRunner {
  private let inner: PretendRunner
  private struct State {
    var random: SeededNumbers
    var deaths = 0
    var dies = true
  }

  private let state: Mutex<State>

  init(_ inner: PretendRunner, _ random: SeededNumbers) {
    self.inner = inner
    state = Mutex(State(random: random))
  }

  var deaths: Int { state.withLock { $0.deaths } }

  var dies: Bool {
    get { state.withLock { $0.dies } }
    set { state.withLock { $0.dies = newValue } }
  }

  func run(_ request: RunRequest, matrixRowName: String) async throws -> RunOutcome {
    let stage = state.withLock { state -> PretendRunner.Stage? in
      guard state.dies, state.random.next() % 8 == 0 else { return nil }
      state.deaths += 1
      return PretendRunner.Stage.allCases[
        Int(state.random.next() % UInt64(PretendRunner.Stage.allCases.count))]
    }
    return try await inner.run(request, matrixRowName: matrixRowName, diesAt: stage)
  }

  func resume(_ record: RunRecord, _ request: RunRequest) async throws -> RunOutcome {
    try await run(request, matrixRowName: record.identity.matrixRow)
  }
}
