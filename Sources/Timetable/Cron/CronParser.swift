internal import Model

/// Cuts a cron expression into its fields and puts their readings together.
struct CronParser {
  let source: SourceText
  let jobName: String
  private(set) var warnings: [ScheduleWarning] = []
  private let bytes: [UInt8]

  init(source: SourceText, jobName: String) {
    self.source = source
    self.jobName = jobName
    bytes = Array(source.text.utf8)
  }

  mutating func parse() throws(Faults) -> CronExpression.Timing {
    let words = wordRanges()
    guard let first = words.first else {
      throw failure("cron_fields", "The expression is empty", hint: CronParser.form, at: 0)
    }
    if bytes[first.lowerBound] == UInt8(ascii: "@") { return try parseMacro(words) }
    let opening = String(decoding: bytes[first], as: UTF8.self)
    if opening.hasPrefix("TZ=") || opening.hasPrefix("CRON_TZ=") {
      throw failure(
        "cron_fields", "The time zone does not stand in the expression",
        hint: "Write it as the job's timezone:", at: first.lowerBound)
    }
    guard words.count >= 5 else {
      throw failure(
        "cron_fields", "\(words.count == 1 ? "One field" : "\(words.count) fields") where 5 or 6 belong",
        hint: CronParser.form, at: words[words.count - 1].upperBound)
    }
    guard words.count <= 6 else {
      throw failure(
        "cron_fields", "\(words.count) fields where 5 or 6 belong",
        hint: CronParser.form + ", without a year", at: words[6].lowerBound)
    }
    return try parseFields(words)
  }

  private static let form =
    "Write minute, hour, day of month, month and day of week, with seconds in front if needed"

  private func wordRanges() -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var position = 0
    while position < bytes.count {
      if bytes[position].isBlank || bytes[position] == 0x0A {
        position += 1
        continue
      }
      let start = position
      while position < bytes.count, !bytes[position].isBlank, bytes[position] != 0x0A { position += 1 }
      ranges.append(start..<position)
    }
    return ranges
  }

  // MARK: - Fields

  private mutating func parseFields(_ words: [Range<Int>]) throws(Faults) -> CronExpression.Timing {
    let fields = CronField.allCases.suffix(words.count)
    var faults: [Fault] = []
    var parsed: [CronField: CronFieldParser] = [:]
    for (field, range) in zip(fields, words) {
      var parser = CronFieldParser(field: field, bytes: bytes, range: range, jobName: jobName)
      do throws(CronFieldParser.Failure) {
        try parser.parse()
        parsed[field] = parser
      } catch {
        faults.append(fault(error.code, error.sentence, hint: error.hint, at: error.offset))
      }
    }
    guard faults.isEmpty, let minute = parsed[.minute], let hour = parsed[.hour],
      let ofMonth = parsed[.dayOfMonth], let month = parsed[.month], let ofWeek = parsed[.dayOfWeek]
    else { throw Faults(faults) }

    let at = Dictionary(uniqueKeysWithValues: zip(fields, words.map(\.lowerBound)))
    func begins(_ field: CronField, with characters: String) -> Bool {
      at[field].map { characters.utf8.contains(bytes[$0]) } ?? false
    }
    let days = DaySet(
      months: month.values, ofMonth: ofMonth.ofMonth, ofWeek: ofWeek.ofWeek,
      eitherSuffices: !begins(.dayOfMonth, with: "*?") && !begins(.dayOfWeek, with: "*?"))
    guard days.isEverDue else {
      throw failure(
        "cron_never", "No year has such a day, so this schedule would never fire",
        hint: "February ends on the 28th or 29th, four months on the 30th; L is a month's last day",
        at: at[.dayOfMonth] ?? 0)
    }
    warn(about: days, parsed: parsed, at: at)
    return .calendar(
      CalendarPattern(
        days: days,
        times: .fields(
          seconds: parsed[.second]?.values ?? 1, minutes: minute.values, hours: hour.values),
        followsElapsedTime: begins(.minute, with: "*") || begins(.hour, with: "*")))
  }

  private mutating func warn(
    about days: DaySet, parsed: [CronField: CronFieldParser], at: [CronField: Int]
  ) {
    func place(_ offset: Int) -> Place { source.place(atUTF8Offset: offset) }
    let dayPlace = place(at[.dayOfMonth] ?? 0)
    if days.eitherSuffices {
      warnings.append(
        ScheduleWarning(
          "cron_either_day",
          "Due on every day that matches the day of month or the day of week, not only where both do",
          hint: "Write * in one of the two day fields", place: dayPlace))
    } else if days.ofWeek.isEveryDay, days.ofMonth.beforeLast == 0, !days.ofMonth.lastWeekday,
      days.ofMonth.nearestWeekday == 0, days.ofMonth.days.trailingZeroBitCount > 28
    {
      let first = days.ofMonth.days.trailingZeroBitCount
      let without = days.months.setBits.filter {
        CivilDate.length(ofMonth: $0, year: 2001) < first
      }
      if !without.isEmpty {
        let names = without.map { CronExplanation.monthNames[$0 - 1] }
        warnings.append(
          ScheduleWarning(
            "cron_short_months",
            "No fire in \(CronExplanation.list(names))\(first == 29 ? " but in leap years" : "")",
            hint: "Write L for the last day of every month", place: dayPlace))
      }
    }
    for field in [CronField.second, .minute, .hour] {
      if let (step, offset) = parsed[field]?.starStep, field.all.count % step != 0 {
        let rest = field.all.count % step
        warnings.append(
          ScheduleWarning(
            "cron_uneven_step",
            "*/\(step) starts again at 0, so the last step is \(rest) \(field.rawValue)\(rest == 1 ? "" : "s")",
            hint: "For a steady period write @every", place: place(offset)))
      }
    }
    if jobName.isEmpty, let field = CronField.allCases.first(where: { parsed[$0]?.usesHash == true }) {
      warnings.append(
        ScheduleWarning(
          "cron_hash_without_name", "H and ~ are drawn from a job's name, and here is none",
          hint: "In a job file the times will be others", place: place(at[field] ?? 0)))
    }
  }

  // MARK: - Macros

  private func parseMacro(_ words: [Range<Int>]) throws(Faults) -> CronExpression.Timing {
    let name = String(decoding: bytes[words[0]], as: UTF8.self).lowercased()
    if name == "@every" { return try parseEvery(words) }
    let everyDay = DaySet.everyDay
    let (days, hours): (DaySet, UInt64) =
      switch name {
      case "@yearly", "@annually": (DaySet(months: 1 << 1, ofMonth: DaysOfMonth(days: 1 << 1)), 1)
      case "@monthly": (DaySet(ofMonth: DaysOfMonth(days: 1 << 1)), 1)
      case "@weekly": (DaySet(ofWeek: DaysOfWeek(days: 1)), 1)
      case "@daily", "@midnight": (everyDay, 1)
      case "@hourly": (everyDay, UInt64(bits: 0...23))
      default:
        throw failure(
          "cron_macro", "'\(String(decoding: bytes[words[0]], as: UTF8.self))' is not known",
          hint: CronParser.hint(forMacro: name), at: words[0].lowerBound)
      }
    guard words.count == 1 else {
      throw failure(
        "cron_macro", "Nothing may follow \(name)", hint: "Leave out the rest",
        at: words[1].lowerBound)
    }
    return .calendar(
      CalendarPattern(
        days: days, times: .fields(seconds: 1, minutes: 1, hours: hours),
        followsElapsedTime: name == "@hourly"))
  }

  private static func hint(forMacro name: String) -> String {
    switch name {
    case "@reboot": "a job runs by the clock or by hand: write a time, or use tidemark run"
    case "@at": "write at: 2026-12-31T23:00:00+01:00 in place of cron:"
    default: "write @yearly, @monthly, @weekly, @daily, @hourly or @every 90s"
    }
  }

  /// `@every 1h30m`: whole numbers with d, h, m or s, largest first or not.
  private func parseEvery(_ words: [Range<Int>]) throws(Faults) -> CronExpression.Timing {
    let form = "write a duration such as 90s, 15m, 1h30m or 2d"
    guard words.count > 1 else {
      throw failure(
        "cron_duration", "A duration is missing after @every", hint: form, at: words[0].upperBound)
    }
    guard words.count == 2 else {
      throw failure(
        "cron_duration", "Nothing may follow the duration of @every", hint: form,
        at: words[2].lowerBound)
    }
    var total = 0
    var position = words[1].lowerBound
    while position < words[1].upperBound {
      let digits = bytes[position..<words[1].upperBound].prefix { (0x30...0x39).contains($0) }
      guard let number = Int(decimalDigits: digits) else {
        throw failure("cron_duration", "A number belongs here", hint: form, at: position)
      }
      position += digits.count
      let unit: Int
      switch position < words[1].upperBound ? bytes[position] : 0 {
      case UInt8(ascii: "d"): unit = 86_400
      case UInt8(ascii: "h"): unit = 3600
      case UInt8(ascii: "m"): unit = 60
      case UInt8(ascii: "s"): unit = 1
      default:
        throw failure("cron_duration", "A unit d, h, m or s belongs here", hint: form, at: position)
      }
      total += number * unit
      position += 1
    }
    guard total > 0 else {
      throw failure(
        "cron_duration", "A period of nothing never moves on", hint: form, at: words[1].lowerBound)
    }
    return .elapsed(seconds: total)
  }

  // MARK: - Faults

  private func fault(_ code: String, _ sentence: String, hint: String, at offset: Int) -> Fault {
    Fault(
      code, .validation, sentence, place: source.place(atUTF8Offset: offset), hint: hint)
  }

  private func failure(_ code: String, _ sentence: String, hint: String, at offset: Int) -> Faults {
    Faults([fault(code, sentence, hint: hint, at: offset)])
  }
}
