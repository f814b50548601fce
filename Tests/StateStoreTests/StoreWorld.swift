import DemoServer
import Model
import Postgres
import Runtime
@testable import StateStore
import Synchronization
import Testing

/// A state store of its own for one test. With SQLite it has a clock that stands still until it is
/// moved; Postgres goes by its own time.
struct StoreWorld: Sendable {
  let store: Store
  let clock: HandClock
  let open: @Sendable () async throws -> Store

  /// The same state as another process on another machine would open it.
  func stranger() async throws -> Store {
    try await open().asOwner(host: "elsewhere", processID: 4711)
  }
}

/// The stores that the conformance suite runs against.
enum StoreKind: String, CaseIterable, Sendable {
  case sqlite, postgres
}

func withStore(_ kind: StoreKind, _ body: (StoreWorld) async throws -> Void) async throws {
  let clock = HandClock()
  func run(_ open: @escaping @Sendable () async throws -> Store) async throws {
    let opened = Opened()
    let world = StoreWorld(store: try await opened.add(open()), clock: clock) {
      try await opened.add(open())
    }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(world)) } catch { outcome = .failure(error) }
    await opened.closeAll()
    try outcome.get()
  }
  switch kind {
  case .sqlite:
    try await withScratchFolder { folder in
      try await run { try await Store.openSQLite(path: "\(folder)/state.db", now: { clock.now }) }
    }
  case .postgres:
    try await withTestDatabase { settings in
      try await run { try await Store.openPostgres(settings, lease: .seconds(600)) }
    }
  }
}

extension Store {
  /// The run of that identity that is not over.
  func unfinishedRun(of identity: RunIdentity) async throws -> RunRecord? {
    try await runs(RunFilter(isUnfinished: true)).first { $0.identity == identity }
  }
}

/// A test server has only so many connections.
private let databases = Permits(5)

/// A database of its own for one test.
func withTestDatabase(_ body: (ConnectionSettings) async throws -> Void) async throws {
  try await databases.take()
  defer { databases.giveBack() }
  try await SharedServer.withDatabase { try await body($0) }
}

private final class Opened: Sendable {
  private let stores = Mutex<[Store]>([])

  func add(_ store: Store) -> Store {
    stores.withLock { $0.append(store) }
    return store
  }

  func closeAll() async {
    for store in stores.withLock({ $0 }) { await store.close() }
  }
}

/// A folder that is gone after the test.
func withScratchFolder(_ body: (String) async throws -> Void) async throws {
  let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-statestore-")
  let outcome: Result<Void, any Error>
  do { outcome = .success(try await body(folder)) } catch { outcome = .failure(error) }
  try FolderTree.remove(folder)
  try outcome.get()
}

final class HandClock: Sendable {
  private let moment = Mutex(Instant(microseconds: 1_780_000_000_000_000))

  var now: Instant { moment.withLock { $0 } }

  func advance(_ duration: Duration) {
    moment.withLock { $0 = $0.advanced(by: duration) }
  }
}

extension Store {
  func asOwner(host: String, processID: Int32) -> Store {
    Store(database: database, owners: owners, host: host, processID: processID, hostNow: hostNow)
  }
}

extension RunIdentity {
  static func sample(_ job: String = "daily", day: Int64 = 0, parameters: [String: String] = [:])
    -> RunIdentity
  {
    let microseconds: Int64 = 86_400_000_000
    return RunIdentity(
      project: "shop", job: JobName(job), matrixRow: "",
      interval: TimeRange(
        start: Instant(microseconds: day * microseconds),
        end: Instant(microseconds: (day + 1) * microseconds)),
      parameters: parameters)
  }
}

extension NewRun {
  static func sample(_ job: String = "daily", day: Int64 = 0, again: Bool = false, fire: FireKey? = nil)
    -> NewRun
  {
    NewRun(identity: .sample(job, day: day), jobHash: "hash", again: again, fire: fire)
  }
}

extension RowCounts {
  static func sample(_ read: Int64, quarantined: Int64 = 0) -> RowCounts {
    var counts = RowCounts()
    counts.read = read
    counts.kept = read - quarantined
    counts.quarantined = quarantined
    counts.bytes = read * 10
    return counts
  }
}

extension Rejection {
  static func sample(_ ordinal: Int64) -> Rejection {
    Rejection(
      ordinal: ordinal,
      key: [.init(name: "id", text: "\(ordinal)"), .init(name: "tenant", text: nil)],
      step: "positive quantity",
      broken: [.init(rule: "quantity > 0", reason: "rule_failed", detail: "quantity is \"-1\"\nthere")],
      row: #"{"id":\#(ordinal),"name":"Zoë \u0000"}"#)
  }
}

extension Store {
  /// A run that is there and owned.
  func begin(_ new: NewRun = .sample()) async throws -> Ownership {
    guard case .created(let run) = try await openRun(new) else { throw Unexpected() }
    return try await own(run.id)
  }

  func own(_ run: RunID) async throws -> Ownership {
    guard case .owned(let ownership) = try await claim(run) else { throw Unexpected() }
    return ownership
  }

  func move(_ ownership: Ownership, through states: RunState...) async throws {
    for state in states { try await move(ownership, RunMove(to: state, event: EventDraft("\(state)"))) }
  }
}

struct Unexpected: Error {}

/// What a call throws must be a fault of this code.
func expectFault(
  _ code: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Void
) async {
  do {
    try await body()
    Issue.record("No fault, \(code) expected", sourceLocation: sourceLocation)
  } catch let fault as Fault {
    #expect(fault.code == code, sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error) instead of \(code)", sourceLocation: sourceLocation)
  }
}
