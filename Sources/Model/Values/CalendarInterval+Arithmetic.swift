extension CalendarInterval {
  private static let daysPerMonth: Int32 = 30

  /// - Throws: `RowFault` 22008 beyond interval's range.
  package func adding(_ other: CalendarInterval) throws(RowFault) -> CalendarInterval {
    let (months, a) = months.addingReportingOverflow(other.months)
    let (days, b) = days.addingReportingOverflow(other.days)
    let (microseconds, c) = microseconds.addingReportingOverflow(other.microseconds)
    if a || b || c { throw .datetimeOutOfRange("interval") }
    return CalendarInterval(months: months, days: days, microseconds: microseconds)
  }

  /// - Throws: `RowFault` 22008 beyond interval's range.
  package func subtracting(_ other: CalendarInterval) throws(RowFault) -> CalendarInterval {
    let (months, a) = months.subtractingReportingOverflow(other.months)
    let (days, b) = days.subtractingReportingOverflow(other.days)
    let (microseconds, c) = microseconds.subtractingReportingOverflow(other.microseconds)
    if a || b || c { throw .datetimeOutOfRange("interval") }
    return CalendarInterval(months: months, days: days, microseconds: microseconds)
  }

  /// - Throws: `RowFault` 22008 for the least values, which have no negation.
  package func negated() throws(RowFault) -> CalendarInterval {
    try CalendarInterval().subtracting(self)
  }

  /// The parts multiplied one by one; what is left of a month goes to the days, of a day to the time.
  /// - Throws: `RowFault` 22008 beyond interval's range.
  package func multiplied(by factor: Double) throws(RowFault) -> CalendarInterval {
    try scaled(
      months: Double(months) * factor, days: Double(days) * factor,
      microseconds: Double(microseconds) * factor)
  }

  /// The parts divided one by one; what is left of a month goes to the days, of a day to the time.
  /// - Throws: `RowFault` 22012 for zero, 22008 beyond interval's range.
  package func divided(by divisor: Double) throws(RowFault) -> CalendarInterval {
    if divisor == 0 { throw .divisionByZero }
    return try scaled(
      months: Double(months) / divisor, days: Double(days) / divisor,
      microseconds: Double(microseconds) / divisor)
  }

  /// Source: `interval_mul` of Postgres's `timestamp.c`, with its rounding to microseconds in between.
  private func scaled(
    months: Double, days: Double, microseconds: Double
  ) throws(RowFault) -> CalendarInterval {
    func toMicroseconds(_ value: Double) -> Double {
      (value * 1_000_000).rounded(.toNearestOrEven) / 1_000_000
    }
    guard let wholeMonths = Int32(truncating: months), let wholeDays = Int32(truncating: days) else {
      throw .datetimeOutOfRange("interval")
    }
    let monthRest = toMicroseconds((months - Double(wholeMonths)) * Double(Self.daysPerMonth))
    var seconds = toMicroseconds(
      (days - Double(wholeDays) + monthRest - monthRest.rounded(.towardZero)) * 86_400)
    var carried: Int32 = 0
    if abs(seconds) >= 86_400 {
      carried = Int32(seconds / 86_400)
      seconds -= Double(carried) * 86_400
    }
    let (sum, tooBig) = wholeDays.addingReportingOverflow(carried)
    let (total, tooBigToo) = sum.addingReportingOverflow(Int32(monthRest))
    let time = (microseconds + seconds * 1_000_000).rounded(.toNearestOrEven)
    guard !tooBig, !tooBigToo, time >= -0x1p63, time < 0x1p63 else { throw .datetimeOutOfRange("interval") }
    return CalendarInterval(months: wholeMonths, days: total, microseconds: Int64(time))
  }

  /// Postgres's `justify_hours`: whole days of the time become days, both with one sign.
  /// - Throws: `RowFault` 22008 beyond interval's range.
  package func justifiedHours() throws(RowFault) -> CalendarInterval {
    var result = self
    let wholeDays = microseconds / Timestamp.microsecondsPerDay
    result.microseconds -= wholeDays * Timestamp.microsecondsPerDay
    let (days, tooBig) = days.addingReportingOverflow(Int32(wholeDays))
    if tooBig { throw .datetimeOutOfRange("interval") }
    result.days = days
    result.alignTimeWithDays()
    return result
  }

  private mutating func alignTimeWithDays() {
    if days > 0 && microseconds < 0 {
      microseconds += Timestamp.microsecondsPerDay
      days -= 1
    } else if days < 0 && microseconds > 0 {
      microseconds -= Timestamp.microsecondsPerDay
      days += 1
    }
  }

  /// Postgres's `date_trunc`: cuts off the smaller parts, towards zero.
  /// - Throws: `RowFault` 22023 and 0A000 for parts that an interval cannot be cut to, such as weeks.
  package func truncated(to part: DateTimePart) throws(RowFault) -> CalendarInterval {
    func cut<Number: FixedWidthInteger>(_ number: Number, _ unit: Number) -> Number { number / unit * unit }
    switch part {
    case .microsecond: return self
    case .millisecond: return with(microseconds: cut(microseconds, 1000))
    case .second: return with(microseconds: cut(microseconds, 1_000_000))
    case .minute: return with(microseconds: cut(microseconds, 60_000_000))
    case .hour: return with(microseconds: cut(microseconds, 3_600_000_000))
    case .day: return CalendarInterval(months: months, days: days)
    case .month: return CalendarInterval(months: months)
    case .quarter: return CalendarInterval(months: cut(months, 3))
    case .year: return CalendarInterval(months: cut(months, 12))
    case .decade: return CalendarInterval(months: cut(months, 120))
    case .century: return CalendarInterval(months: cut(months, 1200))
    case .millennium: return CalendarInterval(months: cut(months, 12_000))
    case .week, .zone, .zoneHour, .zoneMinute: throw .unsupportedPart(of: "interval")
    case .dayOfWeek, .isoDayOfWeek, .dayOfYear, .isoYear, .julian, .epoch: throw .unknownPart(of: "interval")
    }
  }

  private func with(microseconds: Int64) -> CalendarInterval {
    CalendarInterval(months: months, days: days, microseconds: microseconds)
  }
}

extension Int32 {
  /// The value cut off towards zero; nil where it does not fit, and for NaN.
  fileprivate init?(truncating value: Double) {
    guard value >= -0x1p31, value < 0x1p31 else { return nil }
    self = Int32(value)
  }
}
