extension Timestamp {
  /// Postgres's `date_trunc`.
  ///
  /// - Parameter zone: where given, `self` is a `timestamptz` that is cut along this zone's wall clock.
  /// - Throws: `RowFault` 22023 and 0A000 for parts that a timestamp cannot be cut to, 22008 beyond its range.
  package func truncated(to part: DateTimePart, in zone: ZoneRules? = nil) throws(RowFault) -> Timestamp {
    guard isFinite else { return self }
    let type = zone == nil ? "timestamp without time zone" : "timestamp with time zone"
    let local = localMicroseconds(in: zone)
    let unit: Int64
    switch part {
    case .microsecond: return self
    case .millisecond: unit = 1000
    case .second: unit = 1_000_000
    case .minute: unit = 60_000_000
    case .hour: unit = 3_600_000_000
    case .zone, .zoneHour, .zoneMinute: throw .unsupportedPart(of: type)
    case .dayOfWeek, .isoDayOfWeek, .dayOfYear, .isoYear, .julian, .epoch: throw .unknownPart(of: type)
    case .day, .week, .month, .quarter, .year, .decade, .century, .millennium:
      let day = local.floorDivided(by: Self.microsecondsPerDay)
      return try Timestamp(day: Self.firstDay(of: part, at: Int(day)), time: 0, in: zone)
    }
    // Within the day the offset that holds at the moment is kept, even where the clocks change in between.
    return try Timestamp(checkedMicroseconds: microseconds - local.floorRemainder(dividingBy: unit))
  }

  /// The first day of the week, month or longer part that a day lies in.
  private static func firstDay(of part: DateTimePart, at day: Int) -> Int {
    let date = CivilDate(daysSince2000: day)
    func newYear(_ year: Int) -> Int { CivilDate(year: year, month: 1, day: 1).daysSince2000 }
    switch part {
    case .week: return day - date.isoDayOfWeek + 1
    case .month: return CivilDate(year: date.year, month: date.month, day: 1).daysSince2000
    case .quarter:
      return CivilDate(year: date.year, month: (date.month - 1) / 3 * 3 + 1, day: 1).daysSince2000
    case .year: return newYear(date.year)
    case .decade: return newYear(date.year.floorDivided(by: 10) * 10)
    // Centuries and millennia begin with the year 1.
    case .century: return newYear((date.year - 1).floorDivided(by: 100) * 100 + 1)
    case .millennium: return newYear((date.year - 1).floorDivided(by: 1000) * 1000 + 1)
    default: return day
    }
  }

  /// Postgres's `extract`: seconds and the epoch with six decimals, milliseconds with three, all else whole.
  ///
  /// - Parameter zone: where given, `self` is a `timestamptz`.
  /// - Returns: nil (NULL) for parts that an infinity has not got.
  /// - Throws: `RowFault` 0A000 for zone parts of a `timestamp`.
  package func extract(_ part: DateTimePart, in zone: ZoneRules? = nil) throws(RowFault) -> Decimal? {
    guard isFinite else {
      switch part {
      case .year, .decade, .century, .millennium, .julian, .isoYear, .epoch:
        return self == .infinity ? .infinity : .negativeInfinity
      default: return nil
      }
    }
    if zone == nil, part == .zone || part == .zoneHour || part == .zoneMinute {
      throw .unsupportedPart(of: "timestamp without time zone")
    }
    let local = localMicroseconds(in: zone)
    let day = local.floorDivided(by: Self.microsecondsPerDay)
    let time = local - day * Self.microsecondsPerDay
    let secondPart = time % 60_000_000
    switch part {
    case .microsecond: return Decimal(secondPart)
    case .millisecond: return Decimal(mantissa: Int128(secondPart), scale: 3)
    case .second: return Decimal(mantissa: Int128(secondPart), scale: 6)
    case .minute: return Decimal(time / 60_000_000 % 60)
    case .hour: return Decimal(time / 3_600_000_000)
    case .epoch:
      let count = Int128(microseconds) - Int128(Self.epoch.microseconds)
      if count < Int128(Int64.max) { return Decimal(mantissa: count, scale: 6) }
      // In its last half year a timestamp leaves 64 bits here, and Postgres divides to 16 digits.
      return try Decimal(count).divided(by: Decimal(Int64(1_000_000))).rounded(toScale: 6)
    case .julian:
      let fraction = try Decimal(time).divided(by: Decimal(Self.microsecondsPerDay))
      return try Decimal(day + 2_451_545).adding(fraction)
    case .zone: return Decimal(Int64(zone?.offset(at: self) ?? 0))
    case .zoneHour: return Decimal(Int64((zone?.offset(at: self) ?? 0) / 3600))
    case .zoneMinute: return Decimal(Int64((zone?.offset(at: self) ?? 0) / 60 % 60))
    default:
      return CivilDate(daysSince2000: Int(day)).part(part).map { Decimal(Int64($0)) }
    }
  }

  /// Postgres's `date_part`: `extract` computed in `double precision`.
  ///
  /// - Returns: nil (NULL) for parts that an infinity has not got.
  /// - Throws: as `extract`.
  package func datePart(_ part: DateTimePart, in zone: ZoneRules? = nil) throws(RowFault) -> Double? {
    guard let exact = try extract(part, in: zone) else { return nil }
    guard isFinite else { return try exact.double() }
    let local = localMicroseconds(in: zone)
    let time = local.floorRemainder(dividingBy: Self.microsecondsPerDay)
    let (seconds, microsecond) = (time / 1_000_000, Double(time % 1_000_000))
    switch part {
    case .millisecond: return Double(seconds % 60) * 1000 + microsecond / 1000
    case .second: return Double(seconds % 60) + microsecond / 1_000_000
    case .epoch:
      let (count, tooBig) = microseconds.subtractingReportingOverflow(Self.epoch.microseconds)
      let approximate = Double(microseconds) - Double(Self.epoch.microseconds)
      return (tooBig ? approximate : Double(count)) / 1_000_000
    case .julian:
      let day = local.floorDivided(by: Self.microsecondsPerDay) + 2_451_545
      return Double(day) + (Double(seconds) + microsecond / 1_000_000) / 86_400
    default: return try exact.double()
    }
  }
}

extension CivilDate {
  /// The calendar parts of `extract`; nil for all others.
  func part(_ part: DateTimePart) -> Int? {
    switch part {
    case .day: day
    case .week: isoWeek.week
    case .month: month
    case .quarter: (month - 1) / 3 + 1
    // There is no year zero: 1 BC is -1.
    case .year: year > 0 ? year : year - 1
    case .isoYear: isoWeek.year > 0 ? isoWeek.year : isoWeek.year - 1
    case .decade: year.floorDivided(by: 10)
    case .century: year > 0 ? (year + 99) / 100 : -((100 - year) / 100)
    case .millennium: year > 0 ? (year + 999) / 1000 : -((1000 - year) / 1000)
    case .dayOfWeek: dayOfWeek
    case .isoDayOfWeek: isoDayOfWeek
    case .dayOfYear: dayOfYear
    default: nil
    }
  }
}

extension DateValue {
  /// Postgres's `extract` from a date.
  /// - Returns: nil (NULL) for parts that an infinity has not got.
  /// - Throws: `RowFault` 0A000 for parts of the time of day.
  package func extract(_ part: DateTimePart) throws(RowFault) -> Decimal? {
    switch part {
    case .microsecond, .millisecond, .second, .minute, .hour, .zone, .zoneHour, .zoneMinute:
      throw .unsupportedPart(of: "date")
    default: break
    }
    guard let civil else {
      switch part {
      case .year, .decade, .century, .millennium, .julian, .isoYear, .epoch:
        return self == .infinity ? .infinity : .negativeInfinity
      default: return nil
      }
    }
    switch part {
    case .julian: return Decimal(Int64(days) + 2_451_545)
    case .epoch: return Decimal((Int64(days) + 10_957) * 86_400)
    default: return civil.part(part).map { Decimal(Int64($0)) }
    }
  }
}

extension CalendarInterval {
  /// Postgres's `date_part`: `extract` computed in `double precision`.
  /// - Throws: as `extract`.
  package func datePart(_ part: DateTimePart) throws(RowFault) -> Double {
    let (whole, fraction) = (Double(microseconds / 1_000_000 % 60), Double(microseconds % 1_000_000))
    switch part {
    case .millisecond: return whole * 1000 + fraction / 1000
    case .second: return whole + fraction / 1_000_000
    case .epoch: return approximateSeconds
    default: return try extract(part).double()
    }
  }

  /// Years of 365.25 days, months of 30, added in Postgres's order.
  private var approximateSeconds: Double {
    var seconds = Double(microseconds) / 1_000_000
    seconds += 365.25 * 86_400 * Double(months / 12)
    seconds += 30 * 86_400 * Double(months % 12)
    return seconds + 86_400 * Double(days)
  }

  /// Postgres's `extract` from an interval.
  /// - Throws: `RowFault` 0A000 for parts that an interval has not got.
  package func extract(_ part: DateTimePart) throws(RowFault) -> Decimal {
    let secondPart = microseconds % 60_000_000
    switch part {
    case .microsecond: return Decimal(secondPart)
    case .millisecond: return Decimal(mantissa: Int128(secondPart), scale: 3)
    case .second: return Decimal(mantissa: Int128(secondPart), scale: 6)
    case .minute: return Decimal(microseconds / 60_000_000 % 60)
    case .hour: return Decimal(microseconds / 3_600_000_000)
    case .day: return Decimal(Int64(days))
    case .month: return Decimal(Int64(months % 12))
    case .quarter: return Decimal(Int64(months % 12 / 3 + 1))
    case .year: return Decimal(Int64(months / 12))
    case .decade: return Decimal(Int64(months / 120))
    case .century: return Decimal(Int64(months / 1200))
    case .millennium: return Decimal(Int64(months / 12_000))
    case .epoch:
      // A year counts 365.25 days, a month 30.
      let quarterDays = 1461 * Int128(months / 12) + 120 * Int128(months % 12) + 4 * Int128(days)
      return Decimal(mantissa: quarterDays * 21_600_000_000 + Int128(microseconds), scale: 6)
    case .week, .dayOfWeek, .isoDayOfWeek, .dayOfYear, .isoYear, .julian, .zone, .zoneHour, .zoneMinute:
      throw .unsupportedPart(of: "interval")
    }
  }
}
