/// Names a time of day by hour, minute, second and microsecond.
package struct CivilTime: Sendable, Hashable {
  package var hour: Int
  package var minute: Int
  package var second: Int
  package var microsecond: Int

  package init(hour: Int, minute: Int = 0, second: Int = 0, microsecond: Int = 0) {
    self.hour = hour
    self.minute = minute
    self.second = second
    self.microsecond = microsecond
  }

  package init(microsecondsSinceMidnight: Int64) {
    let seconds = Int(microsecondsSinceMidnight / 1_000_000)
    microsecond = Int(microsecondsSinceMidnight % 1_000_000)
    hour = seconds / 3600
    minute = seconds / 60 % 60
    second = seconds % 60
  }

  package var microsecondsSinceMidnight: Int64 {
    Int64((hour * 60 + minute) * 60 + second) * 1_000_000 + Int64(microsecond)
  }
}
