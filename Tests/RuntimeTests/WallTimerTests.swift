import Glibc
import Runtime
import Testing

@Suite(.timeLimit(.minutes(1))) struct WallTimerTests {
  private let wakes = AsyncStream.makeStream(of: Void.self)

  private func timer() throws -> WallTimer {
    try WallTimer { [wakes] in wakes.continuation.yield() }
  }

  @Test(arguments: [Duration.zero, .milliseconds(1), .seconds(-5), .nanoseconds(999_999_999)])
  func itWakesOnceForEachTimeItIsSet(duration: Duration) async throws {
    let timer = try timer()
    var iterator = wakes.stream.makeAsyncIterator()
    for _ in 0..<2 {
      timer.set(duration)
      #expect(await iterator.next() != nil)
    }
  }

  @Test func theLatestTimeCounts() async throws {
    let timer = try timer()
    timer.set(.seconds(3600))
    timer.set(.milliseconds(1))
    var iterator = wakes.stream.makeAsyncIterator()
    #expect(await iterator.next() != nil)
  }

  /// Setting the clock to what it shows is enough of a jump for the kernel.
  @Test func itWakesWhenTheClockIsSet() async throws {
    let timer = try timer()
    timer.set(.seconds(3600))
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    guard clock_settime(CLOCK_REALTIME, &time) == 0 else {
      print("NOT TESTED: the clock may not be set here, so nobody notices that it was")
      return
    }
    var iterator = wakes.stream.makeAsyncIterator()
    #expect(await iterator.next() != nil)
  }

  @Test func oneThatIsForgottenEnds() async throws {
    weak var forgotten: WallTimer?
    do {
      let timer = try timer()
      timer.set(.seconds(3600))
      forgotten = timer
    }
    #expect(forgotten == nil)
  }
}
