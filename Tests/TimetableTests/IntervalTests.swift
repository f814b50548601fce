import Model
import Testing

@testable import Timetable

@Suite struct IntervalTests {
  private func intervals(
    _ expression: String, _ zoneName: String, _ rule: IntervalRule
  ) throws -> IntervalCalendar {
    IntervalCalendar(rule: rule, fires: try calendar(expression, Zones.named(zoneName)))
  }

  private func text(_ range: TimeRange?, _ calendar: IntervalCalendar) -> String {
    guard let range else { return "none" }
    return [range.start, range.end]
      .map { $0.text(offset: calendar.zone.period(at: $0.seconds).offset) }.joined(separator: " ")
  }

  /// `intervals.txt`: span and amounts | expression | zone | fire | interval | label | window
  @Test func intervalsAreThoseOfTheFixture() throws {
    for line in try Fixture.lines("intervals.txt") {
      let rule = try rule(line.columns[0])
      let calendar = try intervals(line.columns[1], line.columns[2], rule)
      let interval = try calendar.interval(atFire: instant(line.columns[3]))
      #expect(text(interval, calendar) == line.columns[4], "\(line.testDescription)")
      guard let interval else { continue }
      #expect(calendar.label(of: interval) == line.columns[5], "\(line.testDescription)")
      let spans = calendar.spans(of: interval)
      #expect(text(spans.window, calendar) == line.columns[6], "\(line.testDescription)")

      // The label names the interval again.
      let name = try IntervalName(SourceText(line.columns[5]))
      #expect(try calendar.interval(named: name, now: interval.end) == interval, "\(line.testDescription)")
    }
  }

  private func rule(_ text: String) throws -> IntervalRule {
    let words = text.split(separator: " ").map(String.init)
    var rule = IntervalRule(span: try #require(IntervalSpan(rawValue: words[0])), isDeclared: true)
    for word in words.dropFirst() {
      let parts = word.split(separator: "=").map(String.init)
      let number = try #require(Int(parts[1].dropLast()))
      let amount =
        switch parts[1].last {
        case "d": CalendarAmount(days: number)
        case "M": CalendarAmount(months: number)
        case "h": CalendarAmount(microseconds: Int64(number) * 3_600_000_000)
        default: CalendarAmount(microseconds: Int64(number) * 60_000_000)
        }
      switch parts[0] {
      case "delay": rule.delay = amount
      case "lookback": rule.lookback = amount
      default: rule.rolling = amount
      }
    }
    return rule
  }

  /// A lookback of whole days ends at a border of days, also where midnight is skipped or comes twice.
  @Test func whatIsReadBeginsWithADay() throws {
    let amounts = [
      CalendarAmount(days: 1), CalendarAmount(days: 7), CalendarAmount(months: 1),
    ]
    var moved = 0
    for name in ["Africa/Cairo", "America/Sao_Paulo", "America/Havana", "Asia/Beirut"] {
      let zone = try Zones.named(name)
      for amount in amounts {
        let calendar = IntervalCalendar(
          rule: IntervalRule(span: .day, lookback: amount), fires: FireCalendar(FireRules([]), zone: zone))
        for year in [2011, 2017, 2026] {
          for number in 0..<366 {
            let day = CivilDay(year: year, month: 1, day: 1).adding(days: number)
            let start = Instant(seconds: zone.start(of: day))
            let spans = calendar.spans(of: TimeRange(start: start, end: start.advanced(by: .seconds(86_400))))
            let earlier = day.adding(months: -amount.months).adding(days: -amount.days)
            #expect(spans.replaced.start == Instant(seconds: zone.start(of: earlier)), "\(name) \(day)")
            if zone.local(start.seconds).secondOfDay != 0 { moved += 1 }
          }
        }
      }
    }
    #expect(moved > 10)
  }

  /// Whatever clocks do, the pieces of a zone's time touch, are never empty, and hold their instants.
  @Test(arguments: IntervalSpan.allCases.filter { $0 != .fire })
  func piecesTileTime(span: IntervalSpan) throws {
    let zones = [
      ("Europe/Berlin", 2026), ("Pacific/Apia", 2011), ("Australia/Lord_Howe", 2026),
      ("America/St_Johns", 2010),
      ("America/Havana", 2026), ("Africa/Cairo", 2026), ("Asia/Pyongyang", 2018), ("Asia/Kathmandu", 1986),
      ("America/Caracas", 2016), ("Pacific/Kwajalein", 1993), ("Africa/Casablanca", 2026),
    ]
    for (name, year) in zones {
      let calendar = SpanCalendar(span: span, zone: try Zones.named(name))
      var piece = calendar.piece(
        containing: Instant(seconds: CivilDay(year: year, month: 1, day: 1).number * 86_400))
      let end = Instant(seconds: CivilDay(year: year + 1, month: 1, day: 1).number * 86_400)
      while piece.start < end {
        #expect(piece.start < piece.end)
        let last = Instant(microseconds: piece.end.microseconds - 1)
        #expect(calendar.piece(containing: piece.start) == piece, "\(name) \(span) \(piece.start.text())")
        #expect(calendar.piece(containing: last) == piece, "\(name) \(span) \(piece.start.text())")
        let next = calendar.piece(containing: piece.end)
        #expect(next.start == piece.end, "\(name) \(span) \(piece.end.text())")
        #expect(calendar.piece(before: next) == piece, "\(name) \(span) \(piece.end.text())")
        piece = next
      }
    }
  }

  @Test func labelsAreUniqueOverAYearOfHoursWithRepeatedOnes() throws {
    for name in ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Antarctica/Troll"] {
      let calendar = try intervals("0 * * * *", name, IntervalRule(span: .hour))
      let range = try instant("2026-01-01T00:00:00Z")..<instant("2027-01-01T00:00:00Z")
      let all = Array(calendar.intervals(ofFiresIn: range))
      #expect(Set(all.map { calendar.label(of: $0) }).count == all.count)
    }
  }

  @Test(arguments: [
    ("month", "2026-03", "2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00"),
    ("month", "2026-03-14", "2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00"),
    ("month", "yesterday", "2026-10-01T00:00:00+02:00 2026-11-01T00:00:00+01:00"),
    ("day", "yesterday", "2026-10-31T00:00:00+01:00 2026-11-01T00:00:00+01:00"),
    ("day", "today", "2026-11-01T00:00:00+01:00 2026-11-02T00:00:00+01:00"),
    ("week", "2026-W12", "2026-03-16T00:00:00+01:00 2026-03-23T00:00:00+01:00"),
    ("week", "2020-W53", "2020-12-28T00:00:00+01:00 2021-01-04T00:00:00+01:00"),
    ("week", "2026-01-01", "2025-12-29T00:00:00+01:00 2026-01-05T00:00:00+01:00"),
    ("quarter", "2026-Q1", "2026-01-01T00:00:00+01:00 2026-04-01T00:00:00+02:00"),
    ("quarter", "2026-05", "2026-04-01T00:00:00+02:00 2026-07-01T00:00:00+02:00"),
    ("year", "2026", "2026-01-01T00:00:00+01:00 2027-01-01T00:00:00+01:00"),
    ("year", "2026-W12", "2026-01-01T00:00:00+01:00 2027-01-01T00:00:00+01:00"),
    ("hour", "2026-10-25T02+0200", "2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00"),
    ("hour", "2026-10-25T02+0100", "2026-10-25T02:00:00+01:00 2026-10-25T03:00:00+01:00"),
    ("day", "2026-03-14T10:30:00+01:00", "2026-03-14T00:00:00+01:00 2026-03-15T00:00:00+01:00"),
    ("fire", "2026-03-14", "2026-03-13T02:15:00+01:00 2026-03-14T02:15:00+01:00"),
    ("fire", "2026-03-14T02:15:00+01:00", "2026-03-13T02:15:00+01:00 2026-03-14T02:15:00+01:00"),
    ("fire", "2026-03-14T02", "2026-03-13T02:15:00+01:00 2026-03-14T02:15:00+01:00"),
    ("fire", "2026-10-25T02", "2026-10-24T02:15:00+02:00 2026-10-25T02:15:00+02:00"),
    ("day", "2026-10-25T02", "2026-10-25T00:00:00+02:00 2026-10-26T00:00:00+01:00"),
  ])
  func namesFindTheirInterval(span: String, name: String, expected: String) throws {
    let calendar = try intervals("15 2 * * *", "Europe/Berlin", rule(span))
    let found = try calendar.interval(
      named: IntervalName(SourceText(name)), now: instant("2026-11-01T12:00:00Z"))
    #expect(text(found, calendar) == expected)
  }

  @Test(arguments: [
    ("day", "2026-03", "interval_too_long", "'2026-03' is a month, and this job's intervals are days"),
    ("month", "2026-W14", "interval_too_long", "'2026-W14' lies in more than one month"),
    (
      "hour", "2026-03-29T02", "no_such_interval",
      "'2026-03-29T02' never was: the clocks of this zone skipped it"
    ),
    (
      "hour", "2026-10-25T02+0300", "no_such_interval",
      "'2026-10-25T02+0300' never was: the clocks of this zone skipped it"
    ),
    (
      "hour", "2026-10-25T02", "ambiguous_interval",
      "'2026-10-25T02' came twice: the clocks of this zone went back"
    ),
    ("fire", "2026-03", "interval_too_long", "'2026-03' holds several fires of this job"),
    ("fire", "2026-03-14T05", "no_such_interval", "the schedule has no fire at '2026-03-14T05'"),
    ("day", "2026-13", "invalid_interval", "'2026-13' names no interval"),
    ("day", "2026-02-29", "invalid_interval", "'2026-02-29' names no interval"),
    ("week", "2026-W54", "invalid_interval", "'2026-W54' names no interval"),
    ("day", "last week", "invalid_interval", "'last week' names no interval"),
    ("day", "", "invalid_interval", "'' names no interval"),
  ])
  func otherNamesAreRefused(span: String, name: String, code: String, sentence: String) throws {
    let calendar = try intervals("15 2 * * *", "Europe/Berlin", rule(span))
    let now = try instant("2026-11-01T12:00:00Z")
    let fault = #expect(throws: Fault.self) {
      try calendar.interval(named: IntervalName(SourceText(name)), now: now)
    }
    #expect(fault?.code == code)
    #expect(fault?.sentence == sentence)
    #expect(fault?.hint != nil)
  }

  @Test func aDayThatNeverWasHasNoInterval() throws {
    let calendar = try intervals("0 4 * * *", "Pacific/Apia", IntervalRule(span: .day))
    let range = try instant("2011-12-29T00:00:00-10:00")..<instant("2012-01-02T00:00:00+14:00")
    let labels = calendar.intervals(ofFiresIn: range).map { calendar.label(of: $0) }
    #expect(labels == ["2011-12-28", "2011-12-29", "2011-12-31"])
    #expect(throws: Fault.self) {
      try calendar.interval(named: IntervalName(SourceText("2011-12-30")), now: range.upperBound)
    }
  }

  @Test func firesThatShareAnIntervalAllMakeIt() throws {
    let calendar = try intervals("0 4 1-5 * *", "Europe/Berlin", IntervalRule(span: .month))
    let range = try instant("2026-01-01T00:00:00Z")..<instant("2026-05-01T00:00:00Z")
    let all = Array(calendar.intervals(ofFiresIn: range))
    #expect(all.map { calendar.label(of: $0) } == ["2025-12", "2026-01", "2026-02", "2026-03"])
    let fires = calendar.fires(making: all[3]).map(\.text)
    #expect(fires == (1...5).map { "2026-04-0\($0)T04:00:00+02:00" })
  }

  /// Going from a fire to its interval and back ends where it began, for every span and delay.
  @Test(arguments: IntervalSpan.allCases, ["0 */3 * * *", "30 2 * * *", "15 3 * * SUN"])
  func firesAndIntervalsAgree(span: IntervalSpan, expression: String) throws {
    for delay in [CalendarAmount.zero, CalendarAmount(microseconds: 4_500_000_000), CalendarAmount(days: 2)] {
      let rule = IntervalRule(span: span, delay: delay)
      let calendar = try intervals(expression, "Europe/Berlin", rule)
      let range = try instant("2026-03-26T00:00:00Z")..<instant("2026-04-02T00:00:00Z")
      let fires = Array(calendar.fires.fires(in: range))
      for fire in [fires[0], fires[fires.count / 2], fires[fires.count - 1]] {
        let interval = try #require(calendar.interval(for: fire))
        #expect(calendar.fires(making: interval).contains(fire), "\(fire.text)")
      }
      var distinct: [TimeRange] = []
      for interval in fires.compactMap({ calendar.interval(for: $0) }) where distinct.last != interval {
        distinct.append(interval)
      }
      #expect(Array(calendar.intervals(ofFiresIn: range)) == distinct)
    }
  }

  @Test func holesAreTheIntervalsThatNoSuccessCovers() throws {
    let calendar = try intervals("15 2 * * *", "Europe/Berlin", IntervalRule(span: .day))
    let range = try instant("2026-03-28T12:00:00Z")..<instant("2026-04-03T00:00:00Z")
    let all = Array(calendar.intervals(ofFiresIn: range))
    #expect(
      all.map { calendar.label(of: $0) } == [
        "2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01",
      ])
    func holes(_ covered: [TimeRange]) -> [String] {
      calendar.holes(inFiresOf: range, covered: covered).map { calendar.label(of: $0) }
    }
    // Every set of covered days.
    for chosen in 0..<32 {
      let covered = all.indices.filter { chosen >> $0 & 1 == 1 }
      let open = all.indices.filter { chosen >> $0 & 1 == 0 }.map { calendar.label(of: all[$0]) }
      #expect(holes(covered.reversed().map { all[$0] }) == open)
    }
    let half = Instant(seconds: (all[1].start.seconds + all[1].end.seconds) / 2)
    #expect(holes([TimeRange(start: all[0].start, end: half)]).first == "2026-03-29")
    #expect(
      holes([TimeRange(start: half, end: all[4].end), TimeRange(start: all[0].start, end: half)]).isEmpty)
  }

  @Test func backfillTakesTheIntervalsThatBeginInTheRange() throws {
    let calendar = try intervals("0 5 * * MON", "Europe/Berlin", IntervalRule(span: .week))
    let range = try instant("2026-01-01T00:00:00+01:00")..<instant("2026-02-01T00:00:00+01:00")
    let labels = calendar.intervals(beginningIn: range).map { calendar.label(of: $0) }
    #expect(labels == ["2026-W02", "2026-W03", "2026-W04", "2026-W05"])
  }
}
