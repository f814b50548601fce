import Model
import Testing

@testable import Timetable

@Suite struct DueFiresTests {
  private let start: Instant

  init() throws {
    start = try instant("2026-06-10T00:00:00Z")
  }

  private func due(
    _ expression: String, span: IntervalSpan = .fire, _ policy: Schedule.CatchUpPolicy,
    window: Duration? = nil, considered: Duration = .zero, now: Duration, jitter: Duration = .zero
  ) throws -> [String] {
    let fires = try calendar(expression, .utc)
    let decisions = DueFires(
      intervals: IntervalCalendar(rule: IntervalRule(span: span), fires: fires),
      catchUp: CatchUp(policy: policy, window: window), considered: start.advanced(by: considered),
      now: start.advanced(by: now), delay: jitter)
    return decisions.map { decision in
      let time = decision.fire.instant.text().dropFirst(11).dropLast(4)
      return switch decision.verdict {
      case .run: "\(time) run"
      case .catchUp: "\(time) catch up"
      case .superseded(let by): "\(time) superseded by \(by.text().dropFirst(11).dropLast(4))"
      case .outsideWindow: "\(time) outside"
      }
    }
  }

  @Test func nothingIsDueBeforeItsTime() throws {
    #expect(try due("0 * * * *", .all, now: .seconds(3599)) == [])
    #expect(try due("0 * * * *", .all, now: .seconds(3600)) == ["01:00 run"])
    #expect(try due("0 * * * *", .all, considered: .seconds(3600), now: .seconds(3600)) == [])
    #expect(try due("0 * * * *", .all, considered: .seconds(7200), now: .seconds(3600)) == [])
  }

  @Test func policiesDecideOverMissedFires() throws {
    let now = Duration.seconds(4 * 3600 + 30)
    #expect(
      try due("0 * * * *", .all, now: now)
        == ["01:00 catch up", "02:00 catch up", "03:00 catch up", "04:00 run"])
    #expect(
      try due("0 * * * *", .latest, now: now)
        == [
          "01:00 superseded by 04:00", "02:00 superseded by 04:00", "03:00 superseded by 04:00", "04:00 run",
        ])
    #expect(
      try due("0 * * * *", .none, now: now) == [
        "01:00 outside", "02:00 outside", "03:00 outside", "04:00 run",
      ])
    let later = Duration.seconds(3 * 3600 + 1800)
    #expect(try due("0 * * * *", .all, now: later) == ["01:00 catch up", "02:00 catch up", "03:00 catch up"])
    #expect(
      try due("0 * * * *", .latest, now: later)
        == ["01:00 superseded by 03:00", "02:00 superseded by 03:00", "03:00 catch up"])
    #expect(try due("0 * * * *", .none, now: later) == ["01:00 outside", "02:00 outside", "03:00 outside"])
  }

  @Test func theWindowEndsCatchingUp() throws {
    let now = Duration.seconds(4 * 3600)
    #expect(
      try due("0 * * * *", .all, window: .seconds(7200), now: now)
        == ["01:00 outside", "02:00 catch up", "03:00 catch up", "04:00 run"])
    #expect(
      try due("0 * * * *", .latest, window: .seconds(60), now: .seconds(4 * 3600 + 1800))
        == ["01:00 outside", "02:00 outside", "03:00 outside", "04:00 outside"])
  }

  @Test func ofFiresThatShareAnIntervalOnlyTheLastRuns() throws {
    #expect(
      try due("0 1-4 * * *", span: .day, .all, now: .seconds(4 * 3600 + 1800))
        == [
          "01:00 superseded by 02:00", "02:00 superseded by 03:00", "03:00 superseded by 04:00",
          "04:00 catch up",
        ])
    #expect(
      try due("0 1-4 * * *", span: .day, .all, considered: .seconds(7200), now: .seconds(4 * 3600))
        == ["03:00 superseded by 04:00", "04:00 run"])
    // Yesterday's are another interval.
    #expect(
      try due("0 22,23 * * *", span: .day, .all, considered: .seconds(-86_400), now: .seconds(23 * 3600))
        == ["22:00 superseded by 23:00", "23:00 catch up", "22:00 superseded by 23:00", "23:00 run"])
  }

  @Test func jitterMakesDueLaterAndNotMissed() throws {
    let jitter = Duration.seconds(600)
    #expect(try due("0 * * * *", .none, now: .seconds(3600 + 599), jitter: jitter) == [])
    #expect(try due("0 * * * *", .none, now: .seconds(3600 + 600), jitter: jitter) == ["01:00 run"])
    #expect(try due("0 * * * *", .none, now: .seconds(3600 + 661), jitter: jitter) == ["01:00 outside"])
  }

  /// Looking often or seldom, the rows are the same fires, each once.
  @Test func everyFireComesOnceHoweverOftenSomebodyLooks() throws {
    let calendar = IntervalCalendar(
      rule: IntervalRule(span: .day), fires: try calendar("*/20 1-3 * * *", Zones.named("Europe/Berlin")))
    let begin = try instant("2026-10-24T00:00:00Z")
    let end = try instant("2026-10-27T00:00:00Z")
    let all = Array(calendar.fires.fires(in: begin..<end))
    for step in [7, 20, 61, 600, 4320] {
      var considered = Instant(microseconds: begin.microseconds - 1)
      var seen: [Fire] = []
      var now = begin
      while now < end {
        now = min(now.advanced(by: .seconds(step * 60)), Instant(microseconds: end.microseconds - 1))
        let decisions = DueFires(
          intervals: calendar, catchUp: CatchUp(policy: .all, window: nil), considered: considered, now: now)
        for decision in decisions {
          seen.append(decision.fire)
          considered = decision.fire.instant
        }
        if now.microseconds == end.microseconds - 1 { break }
      }
      #expect(seen == all)
    }
  }

  /// Clocks that jump back make nothing due again; forward, each fire once.
  @Test(arguments: [-1, -300, -3600, -10_860, -86_400, 1, 300, 3600, 10_860, 86_400])
  func clockJumpsNeitherLoseNorDouble(jump: Int) throws {
    let calendar = IntervalCalendar(rule: IntervalRule(), fires: try calendar("* * * * *", .utc))
    var considered = start
    var seen: [Instant] = []
    func look(at now: Instant) {
      for decision in DueFires(
        intervals: calendar, catchUp: CatchUp(policy: .all, window: nil), considered: considered, now: now)
      {
        seen.append(decision.fire.instant)
        considered = decision.fire.instant
      }
    }
    let before = start.advanced(by: .seconds(7200))
    look(at: before)
    look(at: before.advanced(by: .seconds(jump)))
    look(at: before.advanced(by: .seconds(86_460)))
    #expect(seen == (1...1561).map { start.advanced(by: .seconds(60 * $0)) })
  }

  @Test func aMonthOfMissedMinutesIsDecidedOneByOne() throws {
    let calendar = IntervalCalendar(
      rule: IntervalRule(span: .hour), fires: try calendar("* * * * *", Zones.named("Europe/Berlin")))
    var counts: [String: Int] = [:]
    for decision in DueFires(
      intervals: calendar, catchUp: CatchUp(policy: .all, window: .seconds(86_400)), considered: start,
      now: start.advanced(by: .seconds(10 * 86_400)))
    {
      switch decision.verdict {
      case .run: counts["run", default: 0] += 1
      case .catchUp: counts["catch up", default: 0] += 1
      case .superseded: counts["superseded", default: 0] += 1
      case .outsideWindow: counts["outside", default: 0] += 1
      }
    }
    // Of the 60 fires of each hour the last makes it; that of 23:59 and the one due now are on time.
    #expect(counts == ["outside": 9 * 1440 - 1, "superseded": 1441 - 25, "catch up": 23, "run": 2])
  }

  @Test func jitterIsTheSameForAJobAndSpreadOverJobs() {
    let maximum = Duration.seconds(120)
    let delays = (0..<200).map { Jitter.delay(of: JobName("job-\($0)"), maximum: maximum) }
    #expect(delays == (0..<200).map { Jitter.delay(of: JobName("job-\($0)"), maximum: maximum) })
    #expect(delays.allSatisfy { $0 >= .zero && $0 < maximum })
    for quarter in 0..<4 {
      let part = delays.filter { $0 >= .seconds(30 * quarter) && $0 < .seconds(30 * quarter + 30) }
      #expect((25...80).contains(part.count))
    }
    // Fixed for all time: moving it moves everybody's jobs.
    #expect(Jitter.delay(of: JobName("daily-revenue"), maximum: maximum) == .milliseconds(79_698))
    #expect(Jitter.delay(of: JobName("daily-revenue"), maximum: .zero) == .zero)
  }

  @Test(arguments: [
    ("2026-06-10T02:15:00+02:00", "2026-06-10T06:00:00+02:00"),
    ("2026-06-10T06:00:00+02:00", "2026-06-11T06:00:00+02:00"),
    ("2026-06-10T22:00:00+02:00", "2026-06-11T06:00:00+02:00"),
    ("2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00"),
  ])
  func finishByIsTheNextSuchTimeOfDay(fire: String, deadline: String) throws {
    let calendar = try calendar("* * * * *", Zones.named("Europe/Berlin"))
    let fire = try #require(calendar.fire(exactlyAt: instant(fire)))
    #expect(calendar.deadline(of: fire, finishBy: .init(hour: 6, minute: 0)) == (try instant(deadline)))
  }

  @Test func ifRunningDecides() {
    let verdicts: [(Schedule.IfRunningPolicy, [IfRunning.Verdict])] = [
      // Nothing there; a run; a newer fire; both.
      (.skip, [.start, .skip, .start, .skip]),
      (.queueOne, [.start, .wait, .giveWay(to: start), .giveWay(to: start)]),
      (.queueAll, [.start, .wait, .start, .wait]),
      (.cancelOther, [.start, .cancelOther, .giveWay(to: start), .giveWay(to: start)]),
    ]
    #expect(Set(verdicts.map(\.0)) == Set(Schedule.IfRunningPolicy.allCases))
    for (policy, expected) in verdicts {
      let found = [(false, nil), (true, nil), (false, start), (true, start)].map {
        IfRunning.verdict(policy: policy, isRunning: $0.0, newest: $0.1)
      }
      #expect(found == expected, "\(policy)")
    }
  }
}
