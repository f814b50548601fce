import Model
import Testing

@testable import Timetable

@Suite struct FireCalendarTests {
  private func schedule(
    _ specs: [Schedule.Spec], except: Set<Int32> = [], declared: Bool = false
  ) -> Schedule {
    Schedule(
      specs: specs, gap: .runAfter, overlap: .first, isDaylightSavingDeclared: declared, catchUp: .all,
      catchUpWindow: nil, ifRunning: .skip, jitter: .zero, finishBy: nil, after: nil, except: except,
      trigger: nil, place: place)
  }

  private let place = Place(file: "job.yaml", line: 3, column: 5)

  private func texts(
    _ schedule: Schedule, _ zoneName: String, after start: String, count: Int
  ) throws -> [String] {
    let rules = try FireRules(schedule, job: JobName("job"))
    let calendar = FireCalendar(rules, zone: try Zones.named(zoneName))
    let fires = calendar.next(count, after: try instant(start))
    let last = try #require(fires.last)
    let back = calendar.previous(fires.count, before: Instant(microseconds: last.instant.microseconds + 1))
    #expect(back.reversed() == fires)
    return fires.map(\.marked)
  }

  @Test func severalSchedulesAreDueWheneverOneIs() throws {
    let specs: [Schedule.Spec] = [
      .cron(SourceText("0 6 * * *")), .cron(SourceText("0 */6 * * *")), .every(.seconds(5 * 3600), place),
      .at(try instant("2026-06-10T11:11:11.5Z"), place),
    ]
    #expect(
      try texts(schedule(specs), "UTC", after: "2026-06-10T00:00:00Z", count: 9) == [
        "2026-06-10T05:00:00Z", "2026-06-10T06:00:00Z", "2026-06-10T10:00:00Z", "2026-06-10T11:11:11.5Z",
        "2026-06-10T12:00:00Z", "2026-06-10T15:00:00Z", "2026-06-10T18:00:00Z", "2026-06-10T20:00:00Z",
        "2026-06-11T00:00:00Z",
      ])
  }

  @Test func everyCountsFromMidnightOfTheZone() throws {
    #expect(
      try texts(
        schedule([.every(.seconds(900), place)]), "Asia/Kathmandu", after: "2026-06-10T00:05:00+05:45",
        count: 2)
        == ["2026-06-10T00:15:00+05:45", "2026-06-10T00:30:00+05:45"])
    // Up to an hour it follows elapsed time.
    #expect(
      try texts(
        schedule([.every(.seconds(1800), place)]), "Europe/Berlin", after: "2026-10-25T02:15:00+02:00",
        count: 4)
        == [
          "2026-10-25T02:30:00+02:00~first", "2026-10-25T02:00:00+01:00~second",
          "2026-10-25T02:30:00+01:00~second", "2026-10-25T03:00:00+01:00",
        ])
    // Above, it names times of day.
    #expect(
      try texts(
        schedule([.every(.seconds(7200), place)]), "Europe/Berlin", after: "2026-03-28T23:00:00Z", count: 3)
        == ["2026-03-29T03:00:00+02:00~gap", "2026-03-29T04:00:00+02:00", "2026-03-29T06:00:00+02:00"])
    #expect(
      try texts(
        schedule([.every(.seconds(86_400), place)]), "Africa/Cairo", after: "2026-04-22T12:00:00Z", count: 3)
        == ["2026-04-23T00:00:00+02:00", "2026-04-24T01:00:00+03:00~gap", "2026-04-25T00:00:00+03:00"])
    #expect(
      try texts(
        schedule([.every(.seconds(3 * 86_400), place)]), "UTC", after: "1970-01-01T00:00:00Z", count: 3)
        == ["1970-01-04T00:00:00Z", "1970-01-07T00:00:00Z", "1970-01-10T00:00:00Z"])
  }

  @Test func anEveryPeriodThatCannotBeIsRefused() throws {
    let cases: [(Duration, String)] = [
      (.zero, "A period of nothing never moves on"), (.seconds(-5), "A period of nothing never moves on"),
      (.milliseconds(1500), "A period must be whole seconds"),
      (.seconds(90_000), "A period above a day must be whole days"),
    ]
    for (duration, sentence) in cases {
      let fault = #expect(throws: Fault.self) { try EveryPeriod(duration, place: place) }
      #expect(fault?.sentence == sentence)
      #expect(fault?.place == place)
    }
    #expect(try EveryPeriod(.seconds(25_200), place: place).warnings.map(\.code) == ["every_uneven"])
    #expect(try EveryPeriod(.seconds(900), place: place).warnings.isEmpty)
  }

  @Test func elapsedPeriodsPayNoHeedToTheClock() throws {
    #expect(
      try texts(
        schedule([.cron(SourceText("@every 7h"))]), "Europe/Berlin", after: "1970-01-01T00:00:00Z", count: 2)
        == ["1970-01-01T08:00:00+01:00", "1970-01-01T15:00:00+01:00"])
    // 2026-12-25 is day 9855 from 2000.
    #expect(
      try texts(
        schedule([.cron(SourceText("@every 90m"))], except: [9855]), "Europe/Berlin",
        after: "2026-12-24T21:00:00Z", count: 2)
        == ["2026-12-24T23:30:00+01:00", "2026-12-26T01:00:00+01:00"])
  }

  @Test func allFaultsOfAScheduleAreReportedAtOnce() throws {
    let bad = schedule([
      .cron(SourceText("61 * * * *")), .every(.zero, place), .cron(SourceText("* * * * 9")),
    ])
    let faults = #expect(throws: Faults.self) { try FireRules(bad, job: JobName("job")) }
    #expect(faults?.all.map(\.code) == ["cron_value", "every_period", "cron_value"])
  }

  @Test func dstWithoutEffectIsPointedOut() throws {
    func codes(_ text: String) throws -> [String] {
      try FireRules(schedule([.cron(SourceText(text))], declared: true), job: JobName("job")).warnings.map(
        \.code)
    }
    #expect(try codes("*/15 * * * *") == ["dst_no_effect"])
    #expect(try codes("0 2 * * *") == [])
  }

  @Test func hashedFieldsDependOnTheNameOnly() throws {
    func fires(_ expression: String, _ name: String) throws -> [Fire] {
      try calendar(expression, .utc, jobName: name).next(5, after: Instant(seconds: 0))
    }
    #expect(try fires("H H * * *", "a") == fires("H H * * *", "a"))
    #expect(try fires("~ ~ * * *", "a") == fires("H H * * *", "a"))
    #expect(try fires("~/15 * * * *", "a") == fires("H/15 * * * *", "a"))
    let minutes = try Set((0..<300).map { try fires("H 2 * * *", "job-\($0)")[0].local.secondOfDay / 60 })
    #expect(minutes.count > 50)
    for index in 0..<50 {
      let inRange = try fires("H(10-14) 2 * * *", "job-\(index)")[0].local.secondOfDay / 60 - 120
      #expect((10...14).contains(inRange))
      let stepped = try fires("H/20 * * * *", "job-\(index)")
      #expect(stepped[1].instant.seconds - stepped[0].instant.seconds == 1200)
      let day = try fires("0 0 H * *", "job-\(index)")[0].local.day.civil.day
      #expect((1...28).contains(day))
      let either = try fires("7~9 2 * * *", "job-\(index)")[0].local.secondOfDay / 60 - 120
      #expect((7...9).contains(either))
    }
    // Fixed for all time.
    let fixed = try fires("H H * * *", "daily-revenue")[0].text
    #expect(fixed == "1970-01-01T22:42:00Z")
  }

  @Test func theFileOfExceptionsIsRead() throws {
    let dates = try ExceptionDates(file: SourceText("# holidays\r\n2026-12-25 Christmas\n\n  2026-12-26\r\n"))
    #expect(
      dates
        == ExceptionDates([
          CivilDay(year: 2026, month: 12, day: 25), CivilDay(year: 2026, month: 12, day: 26),
        ]))
    let faults = #expect(throws: Faults.self) {
      try ExceptionDates(file: SourceText("2026-02-30\n2026-12-25\n  25.12.2026\n"))
    }
    #expect(
      faults?.all.map { "\($0.place!.line):\($0.place!.column) \($0.sentence)" } == [
        "1:1 '2026-02-30' is not a date", "3:3 '25.12.2026' is not a date",
      ])
  }

  @Test func instantsAreReadAndWritten() throws {
    for text in ["2026-12-31T23:00:00+01:00", "1969-12-31T23:59:59.000001Z", "2026-01-01T00:00:00.5-09:30"] {
      let offset = text.hasSuffix("Z") ? 0 : text.hasSuffix("+01:00") ? 3600 : -34_200
      #expect(try instant(text).text(offset: offset) == text)
    }
    for text in [
      "2026-12-31", "2026-12-31T23:00:00", "2026-12-31T24:00:00Z", "2026-02-29T00:00:00Z",
      "2026-12-31T23:00Z",
      "2026-12-31T23:00:00+1:00", "2026-12-31T23:00:00.1234567Z", "2026-12-31T23:00:00.Z", "",
      "2026-12-31T23:00:61Z", "２026-12-31T23:00:00Z",
    ] {
      #expect(Instant(rfc3339: text) == nil, "\(text)")
    }
  }

  @Test func theFireAtAnInstantIsFound() throws {
    let calendar = try calendar("30 2 * * *", Zones.named("Europe/Berlin"))
    #expect(
      calendar.fire(exactlyAt: try instant("2026-03-29T03:00:00+02:00"))?.marked
        == "2026-03-29T03:00:00+02:00~gap")
    #expect(calendar.fire(exactlyAt: try instant("2026-03-29T03:30:00+02:00")) == nil)
  }
}
