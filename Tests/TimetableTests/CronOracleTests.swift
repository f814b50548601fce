import Model
import Seeds
import Testing

@testable import Timetable

/// Compares the search with a walk over every minute of years, for expressions made at random.
///
/// The walk knows only what a field of numbers means: it asks of each minute that the zone's clock
/// shows whether all five fields hold it.
@Suite struct CronOracleTests {
  /// Zones whose clocks change in many ways, and one that never does.
  private static let zones = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana",
    "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Asia/Tehran",
    "Antarctica/Troll",
  ]

  @Test(arguments: zones)
  func agreesOverYears(zoneName: String) throws {
    let zone = try Zones.named(zoneName)
    let seed = UInt64(try #require(Self.zones.firstIndex(of: zoneName)))
    var random = SeededNumbers(seed: 0xC0FFEE &+ seed)
    var checks = 0
    for year in [2011, 2024, 2026 + Int(seed)] {
      let days = MinuteYear(zone: zone, year: year)
      for _ in 0..<3 {
        let fields = RandomFields(&random)
        let calendar = try calendar(fields.text, zone, "gap=skip overlap=both")
        let expected = days.fires(of: fields)
        var previous = Instant(seconds: days.start - 1)
        var found: [Int] = []
        while let fire = calendar.next(after: previous), fire.instant.seconds < days.end {
          // Strictly increasing, by what is written and not by what the list says.
          #expect(fire.instant > previous)
          previous = fire.instant
          found.append(fire.instant.seconds)
        }
        #expect(found == expected, "\(zoneName) \(year) \(fields.text)")
        checks += expected.count
        // The least match after any moment, not only after a match.
        for _ in 0..<20 {
          let moment = days.start + Int(random.next() % UInt64(days.end - days.start))
          let least = expected.first { $0 > moment }
          if let least {
            #expect(
              calendar.next(after: Instant(seconds: moment))?.instant.seconds == least, "\(fields.text)")
          }
          let greatest = expected.last { $0 < moment }
          if let greatest {
            #expect(
              calendar.previous(before: Instant(seconds: moment))?.instant.seconds == greatest,
              "\(fields.text)")
          }
          checks += 2
        }
      }
    }
    #expect(checks > 500)
  }
}

/// Five fields as plain sets.
private struct RandomFields {
  var minutes: Set<Int>
  var hours: Set<Int>
  var days: Set<Int>?
  var months: Set<Int>
  var weekdays: Set<Int>?

  init(_ random: inout SeededNumbers) {
    func some(_ range: ClosedRange<Int>, _ most: UInt64) -> Set<Int> {
      Set((0...random.next() % most).map { _ in Int.random(in: range, using: &random) })
    }
    minutes = some(0...59, 3)
    hours = some(0...23, 4)
    days = random.next() % 2 == 0 ? nil : some(1...31, 12)
    months = random.next() % 2 == 0 ? Set(1...12) : some(1...12, 8)
    weekdays = random.next() % 2 == 0 ? nil : some(0...6, 3)
  }

  var text: String {
    func list(_ numbers: Set<Int>?) -> String {
      numbers.map { $0.sorted().map(String.init).joined(separator: ",") } ?? "*"
    }
    return [minutes, hours].map { list($0) }.joined(separator: " ")
      + " \(list(days)) \(months.count == 12 ? "*" : list(months)) \(list(weekdays))"
  }

  func holds(_ local: LocalTime) -> Bool {
    // Most minutes are told apart by the cheapest question.
    guard minutes.contains(local.secondOfDay / 60 % 60), hours.contains(local.secondOfDay / 3600)
    else { return false }
    let date = local.day.civil
    guard months.contains(date.month) else { return false }
    let byDay = days?.contains(date.day)
    let byWeekday = weekdays?.contains(local.day.weekday)
    // Where both say something, either is enough.
    return byDay == nil && byWeekday == nil || byDay == true || byWeekday == true
  }
}

/// What a zone's clock shows at every minute of a year, one by one.
private struct MinuteYear {
  let start: Int
  let end: Int
  private var shown: [LocalTime] = []

  init(zone: ZoneRules, year: Int) {
    start = CivilDay(year: year, month: 1, day: 1).number * 86_400
    end = CivilDay(year: year + 1, month: 1, day: 1).number * 86_400
    shown.reserveCapacity((end - start) / 60)
    var validity: Range<Int64> = 0..<0
    var offset = 0
    for seconds in stride(from: start, to: end, by: 60) {
      if !validity.contains(Int64(seconds)) {
        let span = zone.span(atUnixSeconds: Int64(seconds))
        (offset, validity) = (span.period.offset, span.validity)
      }
      shown.append(LocalTime(seconds: seconds + offset))
    }
  }

  func fires(of fields: RandomFields) -> [Int] {
    shown.indices.filter { fields.holds(shown[$0]) }.map { start + $0 * 60 }
  }
}
