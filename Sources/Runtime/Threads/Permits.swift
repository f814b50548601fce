internal import Model
internal import Synchronization

/// Lets at most so many tasks at once go on; the others wait in the order they came.
///
/// Waiting blocks no thread, and a waiting task can be cancelled.
package final class Permits: Sendable {
  private let line: Mutex<PermitLine<CheckedContinuation<Int, Never>>>

  package init(_ count: Int) {
    line = Mutex(PermitLine(free: count))
  }

  /// Takes a permit, waiting for one where all are taken. Whoever takes one gives it back.
  /// - Throws: `Fault` `cancelled` where the task is cancelled first.
  package func take() async throws {
    _ = try await take(1...1, within: nil)
  }

  /// Takes a permit, waiting for one at most so long.
  /// - Returns: false where none came free in time.
  /// - Throws: `Fault` `cancelled` where the task is cancelled first.
  package func take(atMost limit: Duration) async throws -> Bool {
    try await take(1...1, within: limit) > 0
  }

  /// Takes several permits in one step, so that nobody waits for more who holds some: as many of `counts` as are free
  /// once its least are.
  /// - Parameter waiting: called where it has to wait.
  /// - Returns: how many there are to give back.
  /// - Throws: `Fault` `cancelled` where the task is cancelled first.
  package func take(_ counts: ClosedRange<Int>, waiting: () -> Void) async throws -> Int {
    try await take(counts, within: nil, waiting: waiting)
  }

  /// The same where it need not wait.
  /// - Returns: how many there are to give back; `nil` where somebody waits, or too few are free.
  package func takeNow(_ counts: ClosedRange<Int>) -> Int? {
    line.withLock { $0.takeNow(counts) }
  }

  private func take(
    _ counts: ClosedRange<Int>, within limit: Duration?, waiting: () -> Void = {}
  ) async throws -> Int {
    let ticket = line.withLock { $0.ticket() }
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    let granted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let atOnce = line.withLock({ $0.join(ticket, counts, continuation) }) {
          continuation.resume(returning: atOnce)
          return
        }
        waiting()
        if let limit { timer = Task { await self.expire(ticket, after: limit) } }
      }
    } onCancel: {
      line.withLock { $0.cancel(ticket) }?.resume(returning: 0)
      advance()
    }
    line.withLock { $0.forget(ticket) }
    if granted == 0, Task.isCancelled {
      throw Fault("cancelled", .interrupted, "The work was cancelled while it waited for its turn")
    }
    return granted
  }

  private func expire(_ ticket: Int, after limit: Duration) async {
    do {
      try await Task.sleep(for: limit)
    } catch {
      return
    }
    line.withLock { $0.leave(ticket) }?.resume(returning: 0)
    advance()
  }

  /// Lets those at the head of the line go on that may.
  private func advance() {
    while let next = line.withLock({ $0.next() }) { next.waiter.resume(returning: next.count) }
  }

  /// Lets the next ones in the line go on. In all as many are to be given back as were granted.
  package func giveBack(_ count: Int = 1) {
    line.withLock { $0.giveBack(count) }
    advance()
  }

  /// Takes all that are free, without waiting.
  package func takeAll() -> Int {
    line.withLock { $0.takeAll() }
  }

  /// How many wait.
  package var waiting: Int { line.withLock { $0.waiting } }
}

/// The line for permits as a value: who goes on is decided here, and told by `Permits`.
struct PermitLine<Waiter> {
  private var free: Int
  private var nextTicket = 0
  private var line: [(ticket: Int, counts: ClosedRange<Int>, waiter: Waiter)] = []
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

  /// How many are granted at once, none where the task is cancelled already; `nil` for waiting.
  mutating func join(_ ticket: Int, _ counts: ClosedRange<Int>, _ waiter: Waiter) -> Int? {
    if left.remove(ticket) != nil { return 0 }
    if let count = takeNow(counts) { return count }
    line.append((ticket, counts, waiter))
    return nil
  }

  /// Nobody overtakes who waits for more.
  mutating func takeNow(_ counts: ClosedRange<Int>) -> Int? {
    line.isEmpty ? grant(counts) : nil
  }

  private mutating func grant(_ counts: ClosedRange<Int>) -> Int? {
    if free < counts.lowerBound { return nil }
    let count = min(free, counts.upperBound)
    free -= count
    return count
  }

  /// Takes a task out of the line; gives its waiter where it stood there. It may be somebody's turn then.
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

  /// It may be somebody's turn then.
  mutating func giveBack(_ count: Int) {
    free += count
  }

  mutating func takeAll() -> Int {
    defer { free = 0 }
    return free
  }

  /// The waiter whose turn it is now, with what it is granted.
  mutating func next() -> (waiter: Waiter, count: Int)? {
    guard let first = line.first, let count = grant(first.counts) else { return nil }
    line.removeFirst()
    return (first.waiter, count)
  }
}
