import Glibc
import Model
import Runtime
import Timetable

/// Goes from fire to fire of common expressions, with and without clocks that change.
struct NextBenchmark {
  private static let expressions = [
    "* * * * *", "*/5 * * * *", "0 * * * *", "15 2 * * *", "0 9-17 * * MON-FRI", "30 6 1 * *", "0 0 * * SUN",
    "0 4 L * *", "0 8 * * MON#2", "0 0 1 1 *", "*/10 * * * * *", "H H * * *", "@daily", "@every 90s",
  ]
  private static let bar = 2.0
  private static let steps = 100_000

  func run() throws {
    var isMissed = false
    for zone in ["UTC", "Europe/Berlin", "America/New_York"] {
      let rules = try ZoneFiles.system.rules(named: zone)
      for text in NextBenchmark.expressions {
        let expression = try CronExpression(SourceText(text), jobName: "benchmark")
        let calendar = FireCalendar(FireRules([.cron(expression)]), zone: rules)
        // The fastest of five: what else the machine does is not what is asked.
        let microseconds = (0..<5).map { _ in time(calendar) }.min() ?? 0
        if microseconds > NextBenchmark.bar { isMissed = true }
        let (whole, rest) = (Int(microseconds * 1000) / 1000, Int(microseconds * 1000) % 1000)
        let digits = String(repeating: "0", count: 3 - String(rest).count) + String(rest)
        print("next  \(zone)  \(text)  \(whole).\(digits) us")
      }
    }
    if isMissed {
      print("next: above \(NextBenchmark.bar) us")
      exit(1)
    }
  }

  /// Microseconds for one `next`.
  private func time(_ calendar: FireCalendar) -> Double {
    let clock = ContinuousClock()
    let start = Instant(seconds: 1_767_225_600)  // 2026-01-01T00:00:00Z
    var moment = start
    let taken = clock.measure {
      for _ in 0..<NextBenchmark.steps { moment = calendar.next(after: moment)?.instant ?? start }
    }
    return taken / .microseconds(NextBenchmark.steps)
  }
}
