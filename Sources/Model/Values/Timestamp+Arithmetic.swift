extension Timestamp {
  /// Adds months (to the month's last day at most), then days, then the time, as Postgres does.
  ///
  /// - Parameter zone: where given, `self` is a `timestamptz`, and months and days follow this zone's calendar.
  /// - Throws: `RowFault` 22008 beyond timestamp's range.
  package func adding(
    _ interval: CalendarInterval, in zone: ZoneRules? = nil
  ) throws(RowFault) -> Timestamp {
    guard isFinite else { return self }
    var moment = self
    if interval.months != 0 {
      moment = try moment.movingDay(in: zone) { (date: inout CivilDate) throws(RowFault) in
        let (month, tooBig) = Int32(date.month).addingReportingOverflow(interval.months)
        if tooBig { throw .datetimeOutOfRange("timestamp") }
        let months = date.year * 12 + Int(month) - 1
        date.year = months.floorDivided(by: 12)
        date.month = months.floorRemainder(dividingBy: 12) + 1
        date.day = min(date.day, CivilDate.length(ofMonth: date.month, year: date.year))
        return date.daysSince2000
      }
    }
    if interval.days != 0 {
      moment = try moment.movingDay(in: zone) { date in date.daysSince2000 + Int(interval.days) }
    }
    let (sum, tooBig) = moment.microseconds.addingReportingOverflow(interval.microseconds)
    if tooBig { throw .datetimeOutOfRange("timestamp") }
    return try Timestamp(checkedMicroseconds: sum)
  }

  /// Takes away months, then days, then the time; see `adding`.
  /// - Throws: `RowFault` 22008 beyond timestamp's range.
  package func subtracting(
    _ interval: CalendarInterval, in zone: ZoneRules? = nil
  ) throws(RowFault) -> Timestamp {
    // Wrapping as Postgres does: the least values then move the wrong way and out of range.
    try adding(
      CalendarInterval(
        months: 0 &- interval.months, days: 0 &- interval.days, microseconds: 0 &- interval.microseconds),
      in: zone)
  }

  /// The same time of day on another day, both along the wall clock of the zone if there is one.
  private func movingDay(
    in zone: ZoneRules?, to newDay: (inout CivilDate) throws(RowFault) -> Int
  ) throws(RowFault) -> Timestamp {
    let local = localMicroseconds(in: zone)
    let day = local.floorDivided(by: Self.microsecondsPerDay)
    var date = CivilDate(daysSince2000: Int(day))
    return try Timestamp(
      day: newDay(&date), time: local - day * Self.microsecondsPerDay, in: zone)
  }

  /// The count along the wall clock of a zone; it may leave timestamp's range by the offset.
  func localMicroseconds(in zone: ZoneRules?) -> Int64 {
    guard let zone else { return microseconds }
    return microseconds + Int64(zone.offset(at: self)) * 1_000_000
  }

  /// A time of day on a day, along the wall clock of the zone if there is one.
  /// - Throws: `RowFault` 22008 beyond timestamp's range.
  init(day: Int, time: Int64, in zone: ZoneRules?) throws(RowFault) {
    // The first and the last day that Postgres's day arithmetic holds.
    guard (-2_451_545...2_145_031_948).contains(day) else { throw .datetimeOutOfRange("timestamp") }
    var total = Int128(day) * Int128(Self.microsecondsPerDay) + Int128(time)
    if let zone {
      let seconds = Int64(day + 10_957) * 86_400 + time / 1_000_000
      total -= Int128(zone.postgresOffset(ofLocalUnixSeconds: seconds)) * 1_000_000
    }
    guard let count = Int64(exactly: total) else { throw .datetimeOutOfRange("timestamp") }
    try self.init(checkedMicroseconds: count)
  }

  /// The days and the time between two moments, `self - other`.
  /// - Throws: `RowFault` 22008 for the infinities and beyond interval's range.
  package func subtracting(_ other: Timestamp) throws(RowFault) -> CalendarInterval {
    let (difference, tooBig) = microseconds.subtractingReportingOverflow(other.microseconds)
    guard isFinite, other.isFinite, !tooBig else { throw .datetimeOutOfRange("interval") }
    return try CalendarInterval(microseconds: difference).justifiedHours()
  }

  /// Postgres's `age(self, other)`: years, months and days counted along the calendar.
  ///
  /// - Parameter zone: where given, both are `timestamptz`s, and the calendar is this zone's.
  /// - Throws: `RowFault` 22008 for the infinities.
  package func age(since other: Timestamp, in zone: ZoneRules? = nil) throws(RowFault) -> CalendarInterval {
    guard isFinite, other.isFinite else { throw .datetimeOutOfRange("timestamp") }
    let isNegative = self < other
    let (later, earlier) = isNegative ? (other, self) : (self, other)
    func fields(_ moment: Timestamp) -> (date: CivilDate, time: Int64) {
      let local = moment.localMicroseconds(in: zone)
      let day = local.floorDivided(by: Self.microsecondsPerDay)
      return (CivilDate(daysSince2000: Int(day)), local - day * Self.microsecondsPerDay)
    }
    let (end, start) = (fields(later), fields(earlier))
    var time = end.time - start.time
    var days = end.date.day - start.date.day
    var months = (end.date.year - start.date.year) * 12 + end.date.month - start.date.month
    if time < 0 {
      time += Self.microsecondsPerDay
      days -= 1
    }
    // A month that is broken into has the length of the earlier moment's month.
    let length = CivilDate.length(ofMonth: start.date.month, year: start.date.year)
    while days < 0 {
      days += length
      months -= 1
    }
    let sign = isNegative ? -1 : 1
    return CalendarInterval(
      months: Int32(sign * months), days: Int32(sign * days), microseconds: Int64(sign) * time)
  }

  /// Postgres's `date_bin`: the start of the stride that holds the moment, counted from an origin.
  /// - Throws: `RowFault` 22008 for a stride not above zero and beyond the range, 0A000 for months.
  package func binned(stride: CalendarInterval, origin: Timestamp) throws(RowFault) -> Timestamp {
    guard isFinite else { return self }
    guard origin.isFinite else { throw .datetimeOutOfRange("origin") }
    guard stride.months == 0 else {
      throw RowFault(
        sqlState: "0A000",
        sentence: "timestamps cannot be binned into intervals containing months or years")
    }
    let (days, tooBig) = Int64(stride.days).multipliedReportingOverflow(by: Self.microsecondsPerDay)
    let (step, tooBigToo) = days.addingReportingOverflow(stride.microseconds)
    let (distance, tooFar) = microseconds.subtractingReportingOverflow(origin.microseconds)
    guard !tooBig, !tooBigToo, !tooFar else { throw .datetimeOutOfRange("interval") }
    guard step > 0 else {
      throw RowFault(sqlState: "22008", sentence: "stride must be greater than zero")
    }
    let rest = distance % step
    let start = origin.microseconds + (distance - rest)
    guard rest < 0 else { return Timestamp(microseconds: start) }
    let (before, beyond) = start.subtractingReportingOverflow(step)
    if beyond { throw .datetimeOutOfRange("timestamp") }
    return try Timestamp(checkedMicroseconds: before)
  }
}

extension DateValue {
  /// - Throws: `RowFault` 22008 beyond date's range.
  package func adding(days count: Int32) throws(RowFault) -> DateValue {
    isFinite ? try DateValue(checkedDays: Int(days) + Int(count)) : self
  }

  /// - Throws: `RowFault` 22008 beyond date's range.
  package func subtracting(days count: Int32) throws(RowFault) -> DateValue {
    isFinite ? try DateValue(checkedDays: Int(days) - Int(count)) : self
  }

  /// The days between two dates, `self - other`.
  /// - Throws: `RowFault` 22008 for the infinities.
  package func subtracting(_ other: DateValue) throws(RowFault) -> Int32 {
    guard isFinite, other.isFinite else {
      throw RowFault(sqlState: "22008", sentence: "cannot subtract infinite dates")
    }
    return days &- other.days
  }

  /// Postgres's `make_date`; a negative year counts BC.
  /// - Throws: `RowFault` 22008 for a day that does not exist or lies beyond the range.
  package init(year: Int32, month: Int32, day: Int32) throws(RowFault) {
    guard year != 0 else { throw .datetimeFieldOverflow("\(year)-\(month)-\(day)") }
    try self.init(CivilDate(year: year < 0 ? Int(year) + 1 : Int(year), month: Int(month), day: Int(day)))
  }
}
