internal import CTimer
internal import Glibc
package import Model
internal import Synchronization

/// Wakes somebody after a length of time by the wall clock, and at once when that clock is set.
///
/// A timer of `CLOCK_REALTIME` that is cancelled where the clock is set (timerfd_create(2)): it counts
/// the time that the machine was suspended, and notices a jump that a mere length of time sleeps through.
package final class WallTimer: Sendable {
  private let file: Int32
  private let wake: @Sendable () -> Void
  private let isOver = Flag()

  private final class Flag: Sendable {
    let value = Atomic(false)
  }

  /// - Parameter wake: called from a thread of the timer's own, or within `set`; also once when nothing was due.
  /// - Throws: a `SystemFault`, or `no_thread`.
  package init(wake: @escaping @Sendable () -> Void) throws(Fault) {
    let file = timerfd_create(CLOCK_REALTIME, Int32(TFD_CLOEXEC))
    guard file >= 0 else { throw SystemFault.fault("make", "a timer") }
    self.file = file
    self.wake = wake
    do throws(Fault) {
      try OwnThread.start(name: "wall-timer") { [isOver] in
        while true {
          var expirations: UInt64 = 0
          let count = read(file, &expirations, 8)
          if isOver.value.load(ordering: .acquiring) { break }
          // A clock that was set is told as ECANCELED.
          if count == 8 || errno == ECANCELED { wake() }
        }
        close(file)
      }
    } catch {
      close(file)
      throw error
    }
  }

  // The thread is woken to see that nobody needs it any more, and closes the file.
  deinit {
    isOver.value.store(true, ordering: .releasing)
    _ = arm(.zero)
  }

  /// Wakes after `duration`, in place of what was set before; at once where the clock was set meanwhile, since then
  /// `duration` may have been reckoned by another one: `wake` is called from the caller's thread then.
  package func set(_ duration: Duration) {
    if !arm(duration) { wake() }
  }

  /// - Returns: false where the clock was set since somebody was last told so; the thread is not told any more then.
  private func arm(_ duration: Duration) -> Bool {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let (seconds, attoseconds) = max(duration, .zero).components
    let nanoseconds = Int64(time.tv_nsec) + attoseconds / 1_000_000_000
    time.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
    time.tv_nsec = Int(nanoseconds % 1_000_000_000)
    var value = itimerspec(it_interval: timespec(), it_value: time)
    let flags = Int32(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)
    // Armed all the same (timerfd_create(2)).
    return timerfd_settime(file, flags, &value, nil) == 0 || errno != ECANCELED
  }
}
