internal import Model
internal import Synchronization

/// Lets at most so many tasks at once go on; the others wait in the order they came.
///
/// Waiting blocks no thread, and a waiting task can be cancelled.
package final class Permits: Sendable {
  private let line: Mutex<PermitLine<CheckedContinuation<Bool, Never>>>

  package init(_ count: Int) {
    line = Mutex(PermitLine(free: count))
  }

  /// Takes a permit, waiting for one where all are taken. Whoever takes one gives it back.
  /// - Throws: `Fault` `cancelled` where the task is cancelled first.
  package func take() async throws {
    _ = try await take(within: nil)
  }

  /// Takes a permit, waiting for one at most so long.
  /// - Returns: false where none came free in time.
  /// - Throws: `Fault` `cancelled` where the task is cancelled first.
  package func take(atMost limit: Duration) async throws -> Bool {
    try await take(within: limit)
  }

  private func take(within limit: Duration?) async throws -> Bool {
    let ticket = line.withLock { $0.ticket() }
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    let isGranted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let isAtOnce = line.withLock({ $0.join(ticket, continuation) }) {
          continuation.resume(returning: isAtOnce)
        } else if let limit {
          timer = Task { await self.expire(ticket, after: limit) }
        }
      }
    } onCancel: {
      line.withLock { $0.cancel(ticket) }?.resume(returning: false)
    }
    line.withLock { $0.forget(ticket) }
    if !isGranted, Task.isCancelled {
      throw Fault("cancelled", .interrupted, "The work was cancelled while it waited for its turn")
    }
    return isGranted
  }

  private func expire(_ ticket: Int, after limit: Duration) async {
    do {
      try await Task.sleep(for: limit)
    } catch {
      return
    }
    line.withLock { $0.leave(ticket) }?.resume(returning: false)
  }

  /// Lets the next one in the line go on. To be called once for each permit that was granted.
  package func giveBack() {
    line.withLock { $0.giveBack() }?.resume(returning: true)
  }

  /// How many wait.
  package var waiting: Int { line.withLock { $0.waiting } }
}

/// The line for permits as a value: who goes on is decided here, and told by `Permits`.
struct PermitLine<Waiter> {
  private var free: Int
  private var nextTicket = 0
  private var line: [(ticket: Int, waiter: Waiter)] = []
  /// Tickets of tasks that were cancelled before they joined.
  private var left: Set<Int> = []

  init(free: Int) {
    self.free = free
  }

  var waiting: Int { line.count }

  mutating func ticket() -> Int {
    nextTicket += 1
    return nextTicket
  }

  /// True for a permit at once, false where the task is cancelled already, `nil` for waiting.
  mutating func join(_ ticket: Int, _ waiter: Waiter) -> Bool? {
    if left.remove(ticket) != nil { return false }
    if free > 0 {
      free -= 1
      return true
    }
    line.append((ticket, waiter))
    return nil
  }

  /// Takes a task out of the line; gives its waiter where it stood there.
  mutating func leave(_ ticket: Int) -> Waiter? {
    line.firstIndex { $0.ticket == ticket }.map { line.remove(at: $0).waiter }
  }

  /// The same for a cancelled task, which may not have joined yet and then must not.
  mutating func cancel(_ ticket: Int) -> Waiter? {
    let waiter = leave(ticket)
    if waiter == nil { left.insert(ticket) }
    return waiter
  }

  /// Ends a ticket's story: it may have been cancelled after it was served.
  mutating func forget(_ ticket: Int) {
    left.remove(ticket)
  }

  /// Gives the waiter whose turn it is now.
  mutating func giveBack() -> Waiter? {
    if line.isEmpty {
      free += 1
      return nil
    }
    return line.removeFirst().waiter
  }
}
