import Glibc
import Runtime
import Synchronization
import Testing

/// Works through the cases of one test by several lanes at once, each with a database and a project of its own: a case
/// waits for disks and other processes half of its time.
enum Lanes {
  /// How many there are: enough to keep the processors busy. `TIDEMARK_TEST_LANES` asks for another number of them.
  static let count =
    Environment.process["TIDEMARK_TEST_LANES"].flatMap { Int($0) }
    ?? max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)) + 1)

  /// Runs `lane` side by side until no case is left. A lane takes them one by one, and begins anew, with what it needs
  /// made anew, behind a case that failed.
  static func work<Case: Sendable>(
    through cases: [Case], _ lane: @escaping @Sendable (CaseQueue<Case>) async throws -> Void
  ) async {
    let queue = CaseQueue(cases)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<min(count, cases.count) {
        group.addTask {
          var left = cases.count + 1
          // One that fails before it has taken a case would do so for ever.
          while 1..<left ~= queue.count {
            left = queue.count
            do {
              try await lane(queue)
            } catch is ExpectationFailedError {
              // Told where it failed.
            } catch {
              Issue.record(
                error, "among the \(cases.count - queue.count) of \(cases.count) cases that were taken")
            }
          }
        }
      }
    }
  }
}

/// Cases that several take from, each once.
final class CaseQueue<Case: Sendable>: Sendable {
  private let cases: Mutex<ArraySlice<Case>>

  init(_ cases: [Case]) {
    self.cases = Mutex(cases[...])
  }

  /// How many nobody has taken.
  var count: Int { cases.withLock(\.count) }

  /// - Returns: `nil` where none is left.
  func next() -> Case? { cases.withLock { $0.popFirst() } }

  /// Leaves out all that are left.
  func close() { cases.withLock { $0 = [] } }
}

extension CrashWorld {
  /// Runs `body` for each case with a world in which nothing has run yet.
  static func each<Case: Sendable>(
    of cases: [Case], _ state: StateKind = .sqlite, _ scenario: CrashScenario = .groups,
    _ body: @escaping @Sendable (CrashWorld, Case) async throws -> Void
  ) async throws {
    _ = try await undisturbed(scenario)
    await Lanes.work(through: cases) { queue in
      try await with(state, scenario) { world in
        var isUsed = false
        while let next = queue.next() {
          if isUsed { try await world.renew() }
          isUsed = true
          try await body(world, next)
        }
      }
    }
  }
}
