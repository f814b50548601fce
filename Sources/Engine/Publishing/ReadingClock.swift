internal import Model
internal import Sinks
internal import Synchronization

/// Tells when the rows of a run are read, by the clock of each database that they are published into.
///
/// Their clocks may differ from each other's and from ours, so each is asked before chunks are read. From there our own
/// clock counts, which nobody puts back.
final class ReadingClock: Sendable {
  private struct State {
    var begun: [String: Moment] = [:]
    var snapshotsTaken: ContinuousClock.Instant?
  }

  private struct Moment {
    var here: ContinuousClock.Instant
    var there: Instant
    /// When the reading began, there.
    var start: Instant

    func since(_ moment: ContinuousClock.Instant) -> Moment {
      var earlier = self
      earlier.start = min(start, there.advanced(by: moment - here))
      return earlier
    }
  }

  // A lock around plain data; nobody waits inside.
  private let state = Mutex(State())

  /// What is read from `start` on is read anew.
  /// - Parameter publishers: by the names of their connections.
  func begin(_ publishers: [String: TablePublisher], since start: ContinuousClock.Instant) async throws {
    var begun: [String: Moment] = [:]
    for (name, publisher) in publishers {
      // Of ours one is the earlier and one the later, so that no span of time is taken for shorter than it was.
      let here = ContinuousClock.now
      let there = try await publisher.clock()
      begun[name] = Moment(here: here, there: there, start: there.advanced(by: start - ContinuousClock.now))
    }
    state.withLock { [begun] in $0 = State(begun: begun) }
  }

  /// What counts was read from that long ago on.
  func include(_ age: Duration) {
    let start = ContinuousClock.now - age
    state.withLock { state in
      state.begun = state.begun.mapValues { $0.since(start) }
    }
  }

  /// Nothing that is committed from now on is read any more.
  func stop() { state.withLock { $0.snapshotsTaken = .now } }

  /// - Returns: `nil` where nothing was read.
  func time(on connection: String) -> ReadTime? {
    state.withLock { state in
      guard let moment = state.begun[connection] else { return nil }
      let until = state.snapshotsTaken.map { moment.there.advanced(by: $0 - moment.here) }
      return ReadTime(from: moment.start, until: until)
    }
  }
}
