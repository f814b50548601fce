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
