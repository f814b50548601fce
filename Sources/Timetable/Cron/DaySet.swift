internal import Model

/// The days on which a schedule is due.
///
/// The whole of it is one question, `days(ofYear:month:)`, which answers with a bit for each day
/// of a month; searching runs from month to month over those.
struct DaySet: Hashable, Sendable {
  /// Bits 1 to 12.
  var months = UInt64(bits: 1...12)
  var ofMonth = DaysOfMonth()
  var ofWeek = DaysOfWeek()
  /// Cron's rule where both day fields say something: a day that either names is due. False where
  /// one of them begins with `*` or `?`; a day must then satisfy both.
  var eitherSuffices = false
  /// Of the days that the fields name, only those whose number is a multiple of this.
  var everyDays = 1

  static let everyDay = DaySet()

  /// The years within which schedules are searched.
  static let years = 1970...2199
  static let dayNumbers =
    CivilDay(year: years.lowerBound, month: 1, day: 1)
    .number..<CivilDay(
      year: years.upperBound + 1, month: 1, day: 1
    ).number

  var isEveryDay: Bool { self == .everyDay }

  func contains(_ day: CivilDay) -> Bool {
    guard DaySet.dayNumbers.contains(day.number) else { return false }
    let civil = day.civil
    return days(ofYear: civil.year, month: civil.month).hasBit(civil.day)
  }

  /// Bit n for the n-th of that month.
  func days(ofYear year: Int, month: Int) -> UInt64 {
    guard months.hasBit(month) else { return 0 }
    let length = CivilDate.length(ofMonth: month, year: year)
    let byFields: UInt64
    if ofMonth.isEveryDay, ofWeek.isEveryDay {
      byFields = UInt64(bits: 1...length)
    } else {
      byFields = daysByFields(year: year, month: month, length: length)
    }
    return everyDays == 1 ? byFields : byFields & multiples(year: year, month: month, length: length)
  }

  private func daysByFields(year: Int, month: Int, length: Int) -> UInt64 {
    let first = CivilDay(year: year, month: month, day: 1).weekday
    let byMonth = ofMonth.days(length: length, firstWeekday: first)
    let byWeek = ofWeek.days(length: length, firstWeekday: first)
    return eitherSuffices ? byMonth | byWeek : byMonth & byWeek
  }

  private func multiples(year: Int, month: Int, length: Int) -> UInt64 {
    let first = CivilDay(year: year, month: month, day: 1).number
    var days: UInt64 = 0
    for day in stride(
      from: 1 + (-first).floorRemainder(dividingBy: everyDays), through: length, by: everyDays)
    {
      days |= 1 << UInt64(day)
    }
    return days
  }

  /// The least due day that is not before `day`, or `nil` where none comes within `years`.
  func next(atOrAfter day: CivilDay) -> CivilDay? {
    let start = max(day, CivilDay(number: DaySet.dayNumbers.lowerBound))
    let date = start.civil
    var (year, month, firstDay) = (date.year, date.month, date.day)
    while year <= DaySet.years.upperBound {
      if let next = days(ofYear: year, month: month).nextBit(from: firstDay) {
        return CivilDay(year: year, month: month, day: next)
      }
      firstDay = 1
      month += 1
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    return nil
  }

  /// The greatest due day that is not after `day`, or `nil` where none lies within `years`.
  func previous(atOrBefore day: CivilDay) -> CivilDay? {
    let start = min(day, CivilDay(number: DaySet.dayNumbers.upperBound - 1))
    let date = start.civil
    var (year, month, lastDay) = (date.year, date.month, date.day)
    while year >= DaySet.years.lowerBound {
      if let previous = days(ofYear: year, month: month).previousBit(through: lastDay) {
        return CivilDay(year: year, month: month, day: previous)
      }
      lastDay = 31
      month -= 1
      if month < 1 { (year, month) = (year - 1, 12) }
    }
    return nil
  }

  /// False for sets like 30 February: tried against every kind of year there is.
  var isEverDue: Bool {
    // The calendar repeats after 28 years while no century is skipped, as from 2000 to 2099.
    (2000..<2028).contains { year in
      (1...12).contains { days(ofYear: year, month: $0) != 0 }
    }
  }
}

/// The day-of-month field.
struct DaysOfMonth: Hashable, Sendable {
  /// Bits 1 to 31.
  var days = UInt64(bits: 1...31)
  /// Bit n: n days before the last day of the month (`L` is bit 0).
  var beforeLast: UInt64 = 0
  /// Bit n: the weekday (Monday to Friday) nearest to the n-th, within the month (`15W`).
  var nearestWeekday: UInt64 = 0
  /// The last weekday of the month (`LW`).
  var lastWeekday = false

  static let none = DaysOfMonth(days: 0)

  var isEveryDay: Bool { days == UInt64(bits: 1...31) }

  func days(length: Int, firstWeekday: Int) -> UInt64 {
    var due = days & UInt64(bits: 1...length)
    for offset in beforeLast.setBitsIfAny where offset < length {
      due |= 1 << UInt64(length - offset)
    }
    for day in nearestWeekday.setBitsIfAny where day <= length {
      due |= 1 << UInt64(nearest(to: day, length: length, firstWeekday: firstWeekday))
    }
    if lastWeekday {
      due |= 1 << UInt64(nearest(to: length, length: length, firstWeekday: firstWeekday))
    }
    return due
  }

  private func nearest(to day: Int, length: Int, firstWeekday: Int) -> Int {
    switch (firstWeekday + day - 1) % 7 {
    case 6: day == 1 ? 3 : day - 1
    case 0: day == length ? day - 2 : day + 1
    default: day
    }
  }
}

/// The day-of-week field; 0 is Sunday.
struct DaysOfWeek: Hashable, Sendable {
  /// Bits 0 to 6.
  var days = UInt64(bits: 0...6)
  /// Bits 0 to 6: the last such day of the month (`5L`).
  var last: UInt64 = 0
  /// Bit 7 × (n − 1) + d: the n-th such day of the month (`MON#2`).
  var nth: UInt64 = 0

  static let none = DaysOfWeek(days: 0)

  var isEveryDay: Bool { days == UInt64(bits: 0...6) }

  func days(length: Int, firstWeekday: Int) -> UInt64 {
    var due = spread(days, firstWeekday)
    if last != 0 {
      due |= spread(last, firstWeekday) & UInt64(bits: (length - 6)...length)
    }
    if nth != 0 {
      for week in 0..<5 {
        let daysOfThatWeek = UInt64(bits: (7 * week + 1)...(7 * week + 7))
        due |= spread(nth >> UInt64(7 * week) & 0x7F, firstWeekday) & daysOfThatWeek
      }
    }
    return due & UInt64(bits: 1...length)
  }

  /// Seven weekday bits laid over the days of a month whose first is a `firstWeekday`.
  private func spread(_ weekdays: UInt64, _ firstWeekday: Int) -> UInt64 {
    let fromFirst = (weekdays | weekdays << 7) >> UInt64(firstWeekday) & 0x7F
    return (fromFirst | fromFirst << 7 | fromFirst << 14 | fromFirst << 21 | fromFirst << 28) << 1
  }
}

extension UInt64 {
  /// `setBits` without an array where there is nothing, the usual case.
  fileprivate var setBitsIfAny: [Int] { self == 0 ? [] : setBits }
}
