import Glibc
import Runtime
import Synchronization
import Testing

/// Works through the cases of one test by several lanes at once, each with a database and a project of its own: a case
/// waits for disks and other processes half of its time.
enum Lanes {
  /// How many there are: enough to keep the processors busy. `TIDEMARK_TEST_LANES` asks for another number of them.
  static let count = max(
    1,
    Environment.process["TIDEMARK_TEST_LANES"].flatMap { Int($0) } ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)) + 1
  )

  /// Runs `lane` side by side until no case is left. A lane takes them one by one, and begins anew, with what it needs
  /// made anew, behind a case that failed.
  /// - Parameter most: how many lanes there are at most, where each needs much.
  static func work<Case: Sendable>(
    through cases: [Case], atMost most: Int = .max,
    _ lane: @escaping @Sendable (CaseQueue<Case>) async throws -> Void
  ) async {
    #expect(!cases.isEmpty)
    let queue = CaseQueue(cases)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<min(count, most, cases.count) {
        group.addTask {
          var left = cases.count + 1
          while true {
            let rest = queue.count
            // One that fails before it has taken a case would do so for ever.
            guard rest > 0, rest < left, !Task.isCancelled else { break }
            left = rest
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
    #expect(queue.count == 0, "cases that nobody took")
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
