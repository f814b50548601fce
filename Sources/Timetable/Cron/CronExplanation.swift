internal import Model

/// Says in words when a pattern is due.
///
/// Made from what was understood, not from what was written, so that it shows an operator how an
/// expression is read: `0 9 * * 1-5` is "at 09:00 on Monday to Friday".
enum CronExplanation {
  static let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  static let dayNames = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  static func words(_ pattern: CalendarPattern) -> String {
    let time = words(pattern.times)
    let days = words(pattern.days)
    return days.isEmpty ? time : "\(time) \(days)"
  }

  /// `a`, `a and b`, `a, b and c`.
  static func list(_ items: [String], last: String = "and") -> String {
    guard let final = items.last else { return "" }
    let others = items.dropLast()
    return others.isEmpty ? final : "\(others.joined(separator: ", ")) \(last) \(final)"
  }

  // MARK: - Times

  private static func words(_ times: TimesOfDay) -> String {
    switch times {
    case .every(LocalTime.secondsPerDay): return "at 00:00"
    case .every(let period):
      return "every \(DurationText.period(seconds: period)), counted from midnight"
    case .fields(let seconds, let minutes, let hours):
      if let clock = clockTimes(seconds, minutes, hours) { return "at \(list(clock))" }
      return rhythm(seconds, minutes, hours)
    }
  }

  /// The times one by one, where they are few and the hours are not all of them.
  private static func clockTimes(_ seconds: UInt64, _ minutes: UInt64, _ hours: UInt64) -> [String]? {
    let count = seconds.nonzeroBitCount * minutes.nonzeroBitCount * hours.nonzeroBitCount
    guard count <= 4, minutes.nonzeroBitCount < 60 else { return nil }
    var texts: [String] = []
    for hour in hours.setBits {
      for minute in minutes.setBits {
        for second in seconds.setBits {
          let text = LocalTime.clockText(hour * 3600 + minute * 60 + second)
          texts.append(seconds == 1 ? String(text.dropLast(3)) : text)
        }
      }
    }
    return texts
  }

  private static func rhythm(_ seconds: UInt64, _ minutes: UInt64, _ hours: UInt64) -> String {
    let everyMinute = minutes == UInt64(bits: 0...59)
    let everyHour = hours == UInt64(bits: 0...23)
    var text: String
    if seconds != 1 {
      text = part(seconds, of: 60, unit: "second")
      if everyMinute, step(seconds, of: 60) == nil {
        text += " of every minute"
      } else if !everyMinute {
        text += " of \(part(minutes, of: 60, unit: "minute", leading: false))"
      }
    } else {
      text = everyMinute ? "every minute" : part(minutes, of: 60, unit: "minute")
    }
    if !everyHour {
      text += everyMinute || step(minutes, of: 60) != nil ? " during " : " of "
      text += part(hours, of: 24, unit: "hour", leading: false)
    } else if step(minutes, of: 60) == nil, !everyMinute {
      text += " of every hour"
    }
    return text
  }

  /// One field: `every 15 minutes`, `at minutes 5, 20 and 35`, `hours 9 to 17`.
  private static func part(_ mask: UInt64, of size: Int, unit: String, leading: Bool = true) -> String {
    if mask == UInt64(bits: 0...(size - 1)) { return "every \(unit)" }
    if let step = step(mask, of: size) {
      let first = mask.trailingZeroBitCount
      let from = first == 0 ? "" : " from \(unit) \(first) on"
      return leading ? "every \(step) \(unit)s\(from)" : "every \(ordinal(step)) \(unit)\(from)"
    }
    let runs = ranges(mask.setBits, size: size).map {
      $0.count == 1 ? "\($0.first)" : "\($0.first) to \($0.last)"
    }
    let plural = mask.nonzeroBitCount == 1 ? "" : "s"
    return "\(leading ? "at " : "")\(unit)\(plural) \(list(runs))"
  }

  /// The step of a field that runs evenly through its whole span.
  private static func step(_ mask: UInt64, of size: Int) -> Int? {
    let bits = mask.setBits
    guard bits.count >= 3 else { return nil }
    let step = bits[1] - bits[0]
    guard step > 1, bits[0] < step, bits[bits.count - 1] + step >= size,
      zip(bits, bits.dropFirst()).allSatisfy({ $1 - $0 == step })
    else { return nil }
    return step
  }

  private static func ordinal(_ number: Int) -> String {
    let suffix =
      switch (number % 10, number % 100) {
      case (_, 11...13): "th"
      case (1, _): "st"
      case (2, _): "nd"
      case (3, _): "rd"
      default: "th"
      }
    return "\(number)\(suffix)"
  }

  /// Runs of neighbours; where `size` is given, one that goes over the end of the field comes last.
  private static func ranges(_ values: [Int], size: Int? = nil, from low: Int = 0) -> [(
    first: Int, last: Int, count: Int
  )] {
    var runs: [(first: Int, last: Int, count: Int)] = []
    for value in values {
      if let run = runs.last, run.last + 1 == value {
        runs[runs.count - 1] = (run.first, value, run.count + 1)
      } else {
        runs.append((value, value, 1))
      }
    }
    if let size, runs.count > 1, runs[0].first == low, runs[runs.count - 1].last == size - 1 + low {
      let wrapped = runs.removeFirst()
      let last = runs[runs.count - 1]
      runs[runs.count - 1] = (last.first, wrapped.last, last.count + wrapped.count)
    }
    return runs
  }

  // MARK: - Days

  private static func words(_ days: DaySet) -> String {
    if days.everyDays > 1 { return "every \(days.everyDays) days, counted from 1970-01-01" }
    let ofMonth = words(days.ofMonth)
    let ofWeek = words(days.ofWeek)
    var parts: [String] = []
    if !ofMonth.isEmpty, !ofWeek.isEmpty {
      parts.append(
        days.eitherSuffices ? "on \(ofMonth), and also on \(ofWeek)" : "on \(ofMonth) if that is \(ofWeek)")
    } else if !ofMonth.isEmpty || !ofWeek.isEmpty {
      parts.append("on \(ofMonth)\(ofWeek)")
    }
    if parts.isEmpty { parts.append("every day") }
    if days.months != UInt64(bits: 1...12) {
      let runs = ranges(days.months.setBits, size: 12, from: 1).flatMap { run -> [String] in
        let first = monthNames[run.first - 1]
        let last = monthNames[run.last - 1]
        return run.count == 1 ? [first] : run.count == 2 ? [first, last] : ["\(first) to \(last)"]
      }
      parts.append("in \(list(runs))")
    }
    return parts.joined(separator: " ")
  }

  private static func words(_ days: DaysOfMonth) -> String {
    guard !days.isEveryDay else { return "" }
    var items: [String] = []
    if days.days != 0 {
      let runs = ranges(days.days.setBits)
        .map { $0.count == 1 ? "\($0.first)" : "\($0.first) to \($0.last)" }
      items.append("day\(days.days.nonzeroBitCount == 1 ? "" : "s") \(list(runs))")
    }
    items += days.nearestWeekday.setBits.map { "the weekday nearest to day \($0)" }
    if days.lastWeekday { items.append("the last weekday") }
    items += days.beforeLast.setBits.map { offset in
      switch offset {
      case 0: "the last day"
      case 1: "the day before the last"
      default: "\(offset) days before the last"
      }
    }
    return "\(list(items)) of the month"
  }

  private static func words(_ days: DaysOfWeek) -> String {
    guard !days.isEveryDay else { return "" }
    // Monday first, so that a working week reads as one run.
    let fromMonday = days.days.setBits.map { ($0 + 6) % 7 }.sorted()
    var items = ranges(fromMonday, size: 7).flatMap { run -> [String] in
      let first = dayNames[(run.first + 1) % 7]
      let last = dayNames[(run.last + 1) % 7]
      return run.count == 1 ? [first] : run.count == 2 ? [first, last] : ["\(first) to \(last)"]
    }
    items += days.nth.setBits.map { "the \(ordinal($0 / 7 + 1)) \(dayNames[$0 % 7]) of the month" }
    items += days.last.setBits.map { "the last \(dayNames[$0]) of the month" }
    return list(items)
  }
}

extension FireRule {
  /// One line in words, such as `at 02:15 every day`.
  package var explanation: String {
    switch self {
    case .cron(let expression): expression.explanation
    case .every(let period): CronExplanation.words(period.pattern)
    case .at(let instant): "once, at \(instant.text())"
    }
  }
}

extension CronExpression {
  /// One line in words, such as `at 09:00 on Monday to Friday`.
  package var explanation: String {
    switch timing {
    case .calendar(let pattern): CronExplanation.words(pattern)
    case .elapsed(let seconds):
      "every \(DurationText.period(seconds: seconds)), counted from 1970-01-01T00:00:00Z"
    }
  }
}
