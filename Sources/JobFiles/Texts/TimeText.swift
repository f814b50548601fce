internal import Model

/// Reads dates and times as job files write them.
enum TimeText {
  /// `06:00`.
  static func timeOfDay(_ text: some StringProtocol) -> Schedule.TimeOfDay? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let hour = number(parts[0], digits: 2), let minute = number(parts[1], digits: 2),
      hour < 24, minute < 60
    else { return nil }
    return Schedule.TimeOfDay(hour: hour, minute: minute)
  }

  /// `2026-12-25`.
  static func date(_ text: some StringProtocol) -> CivilDate? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let year = number(parts[0], digits: 4), let month = number(parts[1], digits: 2),
      let day = number(parts[2], digits: 2)
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    return date.isValid && year > 0 ? date : nil
  }

  /// `2026-12-31T23:00:00+01:00`: the offset must be there, seconds need not.
  static func instant(_ text: String) -> Instant? {
    guard let date = date(text.prefix(10)) else { return nil }
    var rest = text.dropFirst(10)
    guard let separator = rest.popFirst(), separator == "T" || separator == " ",
      let time = timeOfDay(rest.prefix(5))
    else { return nil }
    rest = rest.dropFirst(5)
    var second = 0
    if rest.first == ":" {
      guard let given = number(rest.dropFirst().prefix(2), digits: 2), given < 60 else { return nil }
      second = given
      rest = rest.dropFirst(3)
    }
    guard let offset = offset(rest) else { return nil }
    let days = date.daysSince2000 - CivilDate(year: 1970, month: 1, day: 1).daysSince2000
    let seconds = days * 86_400 + time.hour * 3600 + time.minute * 60 + second - offset
    return Instant(microseconds: Int64(seconds) * 1_000_000)
  }

  private static func offset(_ text: some StringProtocol) -> Int? {
    if text == "Z" { return 0 }
    guard let sign = text.first, sign == "+" || sign == "-", let time = timeOfDay(text.dropFirst()) else {
      return nil
    }
    return (sign == "-" ? -60 : 60) * (time.hour * 60 + time.minute)
  }

  private static func number(_ text: some StringProtocol, digits: Int) -> Int? {
    text.utf8.count == digits && text.allSatisfy(\.isASCIIDigit) ? Int(text) : nil
  }
}
