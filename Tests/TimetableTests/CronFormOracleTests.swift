import Model
import Seeds
import Testing

@testable import Timetable

/// Compares every form of an expression with what counting says: its days over all the years that there
/// are, its times over all zones around the days on which their clocks change.
@Suite struct CronFormOracleTests {
  @Test func daysAgreeOverAllYears() throws {
    var random = SeededNumbers(seed: 0x0DA75)
    var checks = 0
    var expressions = 0
    while expressions < 40 {
      let days = GeneratedDays(&random)
      let text = "0 0 \(days.text)"
      // One that can never fire is refused, as it should be where no day is ever held.
      guard let calendar = try? calendar(text, .utc, "") else {
        let held = (2000..<2028).contains { year in
          (0..<366).contains {
            let date = CivilDate(daysSince2000: (year - 2000) * 365 + $0)
            return days.holds(date)
          }
        }
        #expect(!held, "\(text) was refused")
        continue
      }
      expressions += 1
      var found = calendar.next(after: Instant(seconds: -1))
      for number in DaySet.dayNumbers {
        let day = CivilDay(number: number)
        let isDue = found?.instant.seconds == number * 86_400
        checks += 1
        guard isDue == days.holds(day.civil) else {
          Issue.record("\(text) is \(isDue ? "" : "not ")due on \(day.civil)")
          break
        }
        if isDue, let fire = found { found = calendar.next(after: fire.instant) }
      }
    }
    print("days of \(expressions) expressions: \(checks) checks")
    #expect(checks > 1_000_000)
  }

  @Test func timesAgreeInAllZones() throws {
    var random = SeededNumbers(seed: 0x2047E5)
    var checks = 0
    var zones = 0
    for name in Zones.names {
      let zone = try Zones.named(name)
      let year = Int.random(in: 1972...2198, using: &random)
      var moments = [
        CivilDay(year: year, month: Int.random(in: 1...12, using: &random), day: 7).number * 86_400
      ]
      var position = Int64(CivilDay(year: year, month: 1, day: 1).number * 86_400)
      let end = position + 366 * 86_400
      while let change = zone.nextTransition(afterUnixSeconds: position), change.at < end {
        position = change.at
        moments.append(Int(change.at))
      }
      zones += moments.count > 1 ? 1 : 0
      for moment in moments {
        let days = GeneratedDays(&random)
        let minutes = Set((0..<3).map { _ in Int.random(in: 0...59, using: &random) })
        let hours = Set((0..<8).map { _ in Int.random(in: 0...23, using: &random) })
        func list(_ values: Set<Int>) -> String { values.sorted().map(String.init).joined(separator: ",") }
        let text = "\(list(minutes)) \(list(hours)) \(days.text)"
        guard let calendar = try? calendar(text, zone, "gap=skip overlap=both") else { continue }
        // Three days, minute by minute by the zone's clock.
        let start = (moment - 36 * 3600).floorDivided(by: 60) * 60
        let range = start..<start + 72 * 3600
        var expected: [Int] = []
        for seconds in stride(from: range.lowerBound, to: range.upperBound, by: 60) {
          let shown = LocalTime(seconds: seconds + zone.period(atUnixSeconds: Int64(seconds)).offset)
          checks += 1
          if shown.secondOfDay % 60 == 0, minutes.contains(shown.secondOfDay / 60 % 60),
            hours.contains(shown.secondOfDay / 3600), days.holds(shown.day.civil)
          {
            expected.append(seconds)
          }
        }
        let found = calendar.fires(
          in: Instant(seconds: range.lowerBound)..<Instant(seconds: range.upperBound)
        )
        .map(\.instant.seconds)
        // Clocks of old that stood beside whole minutes are another test's.
        let isWhole = zone.period(atUnixSeconds: Int64(start)).offset % 60 == 0
        if isWhole { #expect(found == expected, "\(name) \(text) around \(Instant(seconds: moment).text())") }
      }
    }
    print(
      "times in \(Zones.names.count) zones, of which \(zones) change their clocks: \(checks) minutes checked")
    #expect(checks > 1_000_000)
  }
}
