/// The rule by which a zone changes its clocks twice each year, for ever: a POSIX `TZ` text with daylight time.
///
/// Source: POSIX.1-2017, Base Definitions 8.3, with the wider hours of RFC 8536, 3.3.1.
struct YearlyZoneRule: Sendable, Hashable {
  /// The day and the local time of a change.
  struct Change: Sendable, Hashable {
    enum Day: Sendable, Hashable {
      /// 1...365, where 29 February is never counted.
      case julian(Int)
      /// 0...365, where 29 February is counted.
      case zeroBased(Int)
      /// The `week`th `weekday` (0 is Sunday) of the month; week 5 is the last one.
      case weekday(month: Int, week: Int, weekday: Int)
    }
    var day: Day
    /// Seconds from local midnight; may be negative or exceed a day.
    var time: Int
  }

  var standard: ZoneRules.Period
  var daylight: ZoneRules.Period
  var start: Change
  var end: Change

  /// The changes of the years around a moment in seconds from 1970, by rising time.
  func transitions(around seconds: Int64) -> [ZoneRules.Transition] {
    // Far beyond what a timestamp can hold the calendar would overflow; nothing asks for it.
    let limit: Int64 = 10_000_000_000_000
    let days = min(max(seconds, -limit), limit).floorDivided(by: 86_400)
    let year = CivilDate(daysSince2000: Int(days) - 10_957).year
    return (year - 1...year + 1).flatMap(transitions).sorted { $0.at < $1.at }
  }

  /// The two changes of a year, by rising time.
  func transitions(ofYear year: Int) -> [ZoneRules.Transition] {
    let toDaylight = moment(of: start, year: year, offset: standard.offset)
    let toStandard = moment(of: end, year: year, offset: daylight.offset)
    return [
      ZoneRules.Transition(at: toDaylight, before: standard, after: daylight),
      ZoneRules.Transition(at: toStandard, before: daylight, after: standard),
    ].sorted { $0.at < $1.at }
  }

  private func moment(of change: Change, year: Int, offset: Int) -> Int64 {
    let newYear = CivilDate(year: year, month: 1, day: 1).daysSince2000
    let day: Int
    switch change.day {
    case .julian(let number):
      day = newYear + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
    case .zeroBased(let number):
      day = newYear + number
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1)
      var dayOfMonth = 1 + (weekday - first.dayOfWeek + 7) % 7 + (week - 1) * 7
      if dayOfMonth > CivilDate.length(ofMonth: month, year: year) { dayOfMonth -= 7 }
      day = first.daysSince2000 + dayOfMonth - 1
    }
    return Int64(day + 10_957) * 86_400 + Int64(change.time - offset)
  }
}

/// Reads a POSIX `TZ` text such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixZoneText {
  var standard: ZoneRules.Period
  var rule: YearlyZoneRule?

  /// Nil for what is no such text.
  init?(_ text: String) {
    var scanner = ByteScanner(text)
    guard let name = Self.name(&scanner), let offset = Self.time(&scanner) else { return nil }
    standard = ZoneRules.Period(offset: -offset, isDaylight: false, abbreviation: name)
    if scanner.isAtEnd { return }
    guard let daylightName = Self.name(&scanner) else { return nil }
    var daylightOffset = offset - 3600
    if let next = scanner.peek, next != UInt8(ascii: ",") {
      guard let given = Self.time(&scanner) else { return nil }
      daylightOffset = given
    }
    // Without changes of its own it takes those of the United States, as the reference implementation does.
    if scanner.isAtEnd { scanner = ByteScanner(",M3.2.0,M11.1.0") }
    guard scanner.skip(anyOf: ",") != nil, let start = Self.change(&scanner),
      scanner.skip(anyOf: ",") != nil, let end = Self.change(&scanner), scanner.isAtEnd
    else { return nil }
    rule = YearlyZoneRule(
      standard: standard,
      daylight: ZoneRules.Period(offset: -daylightOffset, isDaylight: true, abbreviation: daylightName),
      start: start, end: end)
  }

  private static func name(_ scanner: inout ByteScanner) -> String? {
    var bytes: [UInt8] = []
    if scanner.skip(anyOf: "<") != nil {
      bytes = scanner.take { $0 != UInt8(ascii: ">") }
      guard scanner.skip(anyOf: ">") != nil else { return nil }
    } else {
      bytes = scanner.take { !ByteScanner.isDigit($0) && !",+-".utf8.contains($0) }
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// Seconds of `[+-]h[:mm[:ss]]`.
  private static func time(_ scanner: inout ByteScanner) -> Int? {
    let isNegative = scanner.skip(anyOf: "+-") == UInt8(ascii: "-")
    guard let hours = scanner.scanClampedInteger(), hours <= 167 else { return nil }
    var seconds = hours * 3600
    for unit in [60, 1] {
      guard scanner.skip(anyOf: ":") != nil else { break }
      guard let part = scanner.scanClampedInteger(), part < 60 else { return nil }
      seconds += part * unit
    }
    return isNegative ? -seconds : seconds
  }

  private static func change(_ scanner: inout ByteScanner) -> YearlyZoneRule.Change? {
    let day: YearlyZoneRule.Change.Day
    if scanner.skip(anyOf: "M") != nil {
      guard let month = scanner.scanClampedInteger(), (1...12).contains(month),
        scanner.skip(anyOf: ".") != nil, let week = scanner.scanClampedInteger(), (1...5).contains(week),
        scanner.skip(anyOf: ".") != nil, let weekday = scanner.scanClampedInteger(), weekday <= 6
      else { return nil }
      day = .weekday(month: month, week: week, weekday: weekday)
    } else if scanner.skip(anyOf: "J") != nil {
      guard let number = scanner.scanClampedInteger(), (1...365).contains(number) else { return nil }
      day = .julian(number)
    } else {
      guard let number = scanner.scanClampedInteger(), number <= 365 else { return nil }
      day = .zeroBased(number)
    }
    var time = 7200
    if scanner.skip(anyOf: "/") != nil {
      guard let given = Self.time(&scanner) else { return nil }
      time = given
    }
    return YearlyZoneRule.Change(day: day, time: time)
  }
}
