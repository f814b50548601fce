package import Model
internal import Runtime
internal import Synchronization

/// The right to write for one run, until it is released or somebody else takes the run over.
///
/// Keep it for as long as the run is worked on: with a SQLite state it holds the run's lock file,
/// which is let go when the value is.
package final class Ownership: Sendable {
  package let run: RunID
  package let token: FencingToken
  /// How often to call `Store.renew`; `nil` where nothing expires.
  package let renewEvery: Duration?
  private let lock: Mutex<LockFile?>

  init(run: RunID, token: FencingToken, renewEvery: Duration?, lock: consuming sending LockFile?) {
    self.run = run
    self.token = token
    self.renewEvery = renewEvery
    self.lock = Mutex(lock)
  }

  /// Lets the lock go, once.
  func unlock() {
    lock.withLock { $0 = nil }
  }
}

/// How a claim ended.
package enum Claim: Sendable {
  case owned(Ownership)
  /// Somebody works on it. The owner may be unknown if it is just starting.
  case held(by: Owner?)
  /// The run is over; nothing is left to own.
  case over(RunState)
}

/// What keeps others from taking a run.
package enum Hold: Hashable, Sendable {
  /// A lock, which ends with its owner's process.
  case lock
  /// A lease, which ends in so long unless its owner renews it.
  case lease(Duration)
}
