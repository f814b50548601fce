internal import Model

/// Reads times of day as job files write them.
enum TimeText {
  /// `06:00`.
  static func timeOfDay(_ text: some StringProtocol) -> Schedule.TimeOfDay? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let hour = number(parts[0], digits: 2), let minute = number(parts[1], digits: 2),
      hour < 24, minute < 60
    else { return nil }
    return Schedule.TimeOfDay(hour: hour, minute: minute)
  }

  private static func number(_ text: some StringProtocol, digits: Int) -> Int? {
    text.utf8.count == digits && text.allSatisfy(\.isASCIIDigit) ? Int(text) : nil
  }
}
