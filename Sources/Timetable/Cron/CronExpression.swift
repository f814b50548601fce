package import Model

/// A cron expression, read and understood.
///
/// Five fields (minute, hour, day of month, month, day of week) or six with seconds first; names,
/// wrapping ranges, steps, lists; `L`, `L-3`, `LW`, `15W`, `5L`, `MON#2`, `?`; `@yearly
/// @annually @monthly @weekly @daily @midnight @hourly` and `@every 90s`; `H` and `~` for numbers
/// drawn from the job's name. See `CronFieldParser` for the grammar and `DaylightPolicy` for what
/// happens when clocks change.
package struct CronExpression: Hashable, Sendable {
  package let text: String
  /// Facts for `validate`; empty for most expressions.
  package let warnings: [ScheduleWarning]
  let timing: Timing

  enum Timing: Hashable, Sendable {
    case calendar(CalendarPattern)
    /// Multiples of so many seconds since 1970-01-01T00:00:00Z, whatever the zone.
    case elapsed(seconds: Int)
  }

  /// Reads `source`; `jobName` is what `H` and `~` are drawn from.
  ///
  /// - Throws: every fault of the expression at once, each at the byte it stands at.
  ///   `cron_fields`, `cron_syntax`, `cron_value`, `cron_name`, `cron_range`, `cron_step`,
  ///   `cron_macro`, `cron_duration`, and `cron_never` for one that no year has a day for.
  package init(_ source: SourceText, jobName: String) throws(Faults) {
    var parser = CronParser(source: source, jobName: jobName)
    timing = try parser.parse()
    warnings = parser.warnings
    text = source.text
  }

  /// True for a schedule that goes on with elapsed time where clocks change, whatever `dst` says.
  package var followsElapsedTime: Bool {
    switch timing {
    case .calendar(let pattern): pattern.followsElapsedTime
    case .elapsed: true
    }
  }
}
