/// Names a day of the proleptic Gregorian calendar by year, month and day.
///
/// Years are astronomical: 0 is 1 BC, -4712 is 4713 BC, as Postgres counts inside. Postgres's day numbers
/// count from 2000-01-01.
package struct CivilDate: Sendable, Hashable, Comparable {
  package var year: Int
  package var month: Int
  package var day: Int

  package init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day that is `days` after 2000-01-01.
  ///
  /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
  package init(daysSince2000 days: Int) {
    // Days since 0000-03-01, the start of an era of 400 years that ends with its leap day.
    let shifted = days + 730_425
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days from 2000-01-01; months beyond 1...12 and days beyond the month's length carry over.
  package var daysSince2000: Int {
    let months = year * 12 + month - 1
    let year = months.floorDivided(by: 12)
    let month = months - year * 12 + 1
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear.floorDivided(by: 400)
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 730_425
  }

  package var isValid: Bool {
    (1...12).contains(month) && day >= 1 && day <= Self.length(ofMonth: month, year: year)
  }

  package static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// The number of days of a month in 1...12.
  package static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// 0 for Sunday to 6 for Saturday.
  package var dayOfWeek: Int { (daysSince2000 + 6).floorRemainder(dividingBy: 7) }

  /// 1 for Monday to 7 for Sunday.
  package var isoDayOfWeek: Int { dayOfWeek == 0 ? 7 : dayOfWeek }

  /// 1 for 1 January.
  package var dayOfYear: Int { daysSince2000 - CivilDate(year: year, month: 1, day: 1).daysSince2000 + 1 }

  /// The ISO 8601 week and the year it belongs to.
  package var isoWeek: (year: Int, week: Int) {
    let thursday = CivilDate(daysSince2000: daysSince2000 + 4 - isoDayOfWeek)
    return (thursday.year, (thursday.dayOfYear - 1) / 7 + 1)
  }

  package static func < (left: CivilDate, right: CivilDate) -> Bool {
    (left.year, left.month, left.day) < (right.year, right.month, right.day)
  }
}

extension FixedWidthInteger {
  /// The quotient rounded down, for a positive divisor.
  @inlinable
  package func floorDivided(by divisor: Self) -> Self {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }

  /// The remainder that is never negative, for a positive divisor.
  @inlinable
  package func floorRemainder(dividingBy divisor: Self) -> Self {
    let remainder = self % divisor
    return remainder < 0 ? remainder + divisor : remainder
  }
}
