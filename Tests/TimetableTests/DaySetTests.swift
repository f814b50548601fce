import Model
import Testing

@testable import Timetable

/// Every day form against the plainest reading of its definition, day by day.
@Suite struct DaySetTests {
  /// Six years, two of them leap years, in which each weekday begins a month.
  private static let days = (2003..<2009).flatMap { year in
    let first = CivilDay(year: year, month: 1, day: 1).number
    return (0..<(CivilDate.isLeap(year) ? 366 : 365)).map { CivilDay(number: first + $0) }
  }

  private struct Subject {
    var day: CivilDay
    var ofMonth: Int
    /// Of the month.
    var length: Int
    var weekday: Int { day.weekday }
  }

  private func check(_ expression: String, _ isDue: (Subject) -> Bool) throws {
    let cron = try CronExpression(SourceText(expression), jobName: "job")
    guard case .calendar(let pattern) = cron.timing else { return }
    var mistakes: [CivilDay] = []
    for day in DaySetTests.days {
      let date = day.civil
      let length = CivilDate.length(ofMonth: date.month, year: date.year)
      let subject = Subject(day: day, ofMonth: date.day, length: length)
      if pattern.days.contains(day) != isDue(subject) { mistakes.append(day) }
    }
    #expect(mistakes.isEmpty, "\(expression)")
  }

  @Test func lastDays() throws {
    for offset in 0...30 {
      try check(offset == 0 ? "0 0 L * *" : "0 0 L-\(offset) * *") { $0.ofMonth == $0.length - offset }
    }
  }

  @Test func nearestWeekdays() throws {
    func isWeekday(_ day: CivilDay) -> Bool { (1...5).contains(day.weekday) }
    for target in 1...31 {
      try check("0 0 \(target)W * *") { subject in
        let (day, length) = (subject.day, subject.length)
        guard target <= length, isWeekday(day) else { return false }
        // No weekday of the month is nearer to the target than this one.
        let distances = (1...length).filter { isWeekday(day.adding(days: $0 - subject.ofMonth)) }
          .map { abs($0 - target) }
        return abs(subject.ofMonth - target) == distances.min()
      }
    }
    try check("0 0 LW * *") { subject in
      isWeekday(subject.day)
        && (subject.ofMonth..<subject.length).allSatisfy {
          !isWeekday(subject.day.adding(days: $0 + 1 - subject.ofMonth))
        }
    }
  }

  @Test func weekdaysOfTheMonth() throws {
    for weekday in 0...6 {
      try check("0 0 * * \(weekday)L") { $0.weekday == weekday && $0.ofMonth + 7 > $0.length }
      for nth in 1...5 {
        try check("0 0 * * \(weekday)#\(nth)") { $0.weekday == weekday && ($0.ofMonth + 6) / 7 == nth }
      }
    }
  }

  @Test func weekdayRangesOfAllKinds() throws {
    for first in 0...7 {
      for last in 0...7 {
        let count = first == 0 && last == 7 ? 7 : (last - first + 14) % 7 + 1
        let days = (0..<count).map { (first + $0) % 7 }
        try check("0 0 * * \(first)-\(last)") { days.contains($0.weekday) }
      }
    }
  }

  @Test func eitherDayFieldSufficesUnlessOneBeginsWithAStar() throws {
    try check("0 0 13 * 5") { $0.ofMonth == 13 || $0.weekday == 5 }
    try check("0 0 */2 * 5") { $0.ofMonth % 2 == 1 && $0.weekday == 5 }
    try check("0 0 13 * */2") { $0.ofMonth == 13 && $0.weekday % 2 == 0 }
    try check("0 0 ? * 5") { $0.weekday == 5 }
  }

  /// Every set that can be built of one length and one first weekday, searched both ways.
  @Test func searchesFindEveryDueDayAndNoOther() throws {
    for expression in ["0 0 L-3 * *", "0 0 29 2 *", "0 0 13 * 5", "0 0 */7 1-3 2#5", "0 0 31W * *"] {
      let cron = try CronExpression(SourceText(expression), jobName: "job")
      guard case .calendar(let pattern) = cron.timing else { continue }
      let due = DaySetTests.days.filter { pattern.days.contains($0) }
      var forwards: [CivilDay] = []
      var position = DaySetTests.days[0]
      while let day = pattern.days.next(atOrAfter: position), day <= DaySetTests.days.last! {
        forwards.append(day)
        position = day.adding(days: 1)
      }
      var backwards: [CivilDay] = []
      position = DaySetTests.days.last!
      while let day = pattern.days.previous(atOrBefore: position), day >= DaySetTests.days[0] {
        backwards.append(day)
        position = day.adding(days: -1)
      }
      #expect(forwards == due, "\(expression)")
      #expect(backwards.reversed() == due, "\(expression)")
    }
  }

  @Test func timesOfDayAreSearchedLikeALongList() {
    let sets: [TimesOfDay] = [
      .every(1), .every(420), .every(5400), .every(25_200), .every(86_400),
      .fields(seconds: 1, minutes: 1, hours: 1), .fields(seconds: 1 << 59, minutes: 1 << 59, hours: 1 << 23),
      .fields(seconds: 0b101, minutes: 1 << 30 | 1, hours: UInt64(bits: 9...17)),
    ]
    for set in sets {
      let list = (0..<86_400).filter { set.next(atOrAfter: $0) == $0 }
      #expect(set.first == list.first)
      #expect(set.last == list.last)
      for time in stride(from: 0, to: 86_400, by: 1777) {
        #expect(set.next(atOrAfter: time) == list.first { $0 >= time })
        #expect(set.previous(atOrBefore: time) == list.last { $0 <= time })
      }
    }
  }
}
