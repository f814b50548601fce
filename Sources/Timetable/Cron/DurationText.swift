/// Writes lengths of time in words.
enum DurationText {
  /// `1 hour and 30 minutes` of 5400; parts that are zero are left out.
  static func words(seconds: Int) -> String {
    let parts = [
      (seconds / 86_400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute"),
      (seconds % 60, "second"),
    ]
    return CronExplanation.list(
      parts.filter { $0.0 != 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" })
  }

  /// `15 minutes`, but `minute` of 60, to stand behind "every".
  static func period(seconds: Int) -> String {
    for (unit, name) in [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    where seconds == unit {
      return name
    }
    return words(seconds: seconds)
  }
}
