import Model
import Testing

@testable import Timetable

/// Compares the search with a walk over every minute.
///
/// The walk knows nothing of periods: it lists what the clock shows at each minute, counts how
/// often each local minute comes, and applies the rule's table to that.
@Suite struct DaylightOracleTests {
  @Test func agreesAroundEveryChangeOfEveryZone() throws {
    var checks = 0
    var changes = 0
    for (index, name) in Zones.names.enumerated() {
      let zone = try Zones.named(name)
      // Each zone is looked at in other years, so that all of them together see every year.
      for step in 0..<4 {
        let year = 1972 + (index * 7 + step * 61) % 228
        let begin = Int64(CivilDay(year: year, month: 1, day: 1).number * 86_400)
        var position = begin
        while let change = zone.nextTransition(afterUnixSeconds: position), change.at < begin + 366 * 86_400 {
          position = change.at
          guard change.before.offset != change.after.offset, change.at % 60 == 0,
            change.before.offset % 60 == 0, change.after.offset % 60 == 0
          else { continue }
          changes += 1
          checks += try check(zone, change, seed: changes)
        }
      }
    }
    #expect(changes > 1000)
    #expect(checks > 100_000)
  }

  private static let policies = [
    "", "gap=skip", "overlap=second", "overlap=both", "gap=skip overlap=both", "gap=skip overlap=second",
  ]

  private func check(_ zone: ZoneRules, _ change: ZoneRules.Transition, seed: Int) throws -> Int {
    let shift = abs(change.after.offset - change.before.offset)
    let walk = MinuteWalk(
      zone: zone, from: Int(change.at) - 3 * 3600 - shift, through: Int(change.at) + 3 * 3600 + shift)
    let shown = LocalTime(seconds: Int(change.at) + min(change.before.offset, change.after.offset))
    let hour = shown.secondOfDay / 3600
    let minute = shown.secondOfDay / 60 % 60
    let near = (hour + 1) % 24
    let candidates = [
      TimeTable([minute], [hour]), TimeTable([(minute + 30) % 60], [hour]),
      TimeTable([0, 15, 30, 45], [(hour + 23) % 24, hour, near]), TimeTable([59], [(hour + 23) % 24]),
      TimeTable([0, 20, 40], Array(0...23), text: "*/20 * * * *"),
      TimeTable([5], Array(0...23), text: "5 * * * *"), TimeTable([0], [near]),
    ]
    let policy = DaylightOracleTests.policies[seed % DaylightOracleTests.policies.count]
    var checks = 0
    for table in [candidates[seed % 7], candidates[(seed + 2) % 7], candidates[(seed + 5) % 7]] {
      let calendar = try calendar(table.text, zone, policy)
      let expected = walk.fires(of: table, policy: policy)
      let found = calendar.fires(in: walk.range).map(\.instant.seconds)
      #expect(found == expected, "\(zone.name) \(table.text) [\(policy)] at \(change.at)")
      checks += found.count

      // From and to places between the fires.
      for start in stride(from: walk.start + seed % 97, to: walk.end, by: 1451) {
        let next = calendar.next(after: Instant(seconds: start))?.instant.seconds
        let least = expected.first { $0 > start }
        if let least { #expect(next == least, "\(zone.name) \(table.text) [\(policy)] after \(start)") }
        let previous = calendar.previous(before: Instant(seconds: start))?.instant.seconds
        let greatest = expected.last { $0 < start }
        if let greatest {
          #expect(previous == greatest, "\(zone.name) \(table.text) [\(policy)] before \(start)")
        }
        checks += 2
      }
    }
    return checks
  }

  @Test(arguments: [
    ("Europe/Berlin", 2026, ""), ("Australia/Lord_Howe", 2027, "gap=skip"),
    ("Africa/Casablanca", 2031, "overlap=second"), ("Pacific/Apia", 2011, "overlap=both"),
  ])
  func agreesOverAWholeYear(zoneName: String, year: Int, policy: String) throws {
    let zone = try Zones.named(zoneName)
    let walk = MinuteWalk(
      zone: zone, from: CivilDay(year: year, month: 1, day: 1).number * 86_400,
      through: CivilDay(year: year, month: 12, day: 31).number * 86_400)
    let table = TimeTable([0, 30], [0, 1, 2, 3, 23])
    let found = try calendar(table.text, zone, policy).fires(in: walk.range).map(\.instant.seconds)
    #expect(found == walk.fires(of: table, policy: policy))
    #expect(found.count > 3600)
  }
}

/// A daily expression as plain lists.
private struct TimeTable {
  var minutes: [Int]
  var hours: [Int]
  var text: String

  init(_ minutes: [Int], _ hours: [Int], text: String? = nil) {
    self.minutes = minutes
    self.hours = hours
    self.text =
      text
      ?? "\(minutes.map(String.init).joined(separator: ",")) \(hours.map(String.init).joined(separator: ",")) * * *"
  }

  var followsElapsedTime: Bool { text.split(separator: " ").prefix(2).contains { $0.hasPrefix("*") } }

  func matches(localMinute: Int) -> Bool {
    minutes.contains(localMinute.floorRemainder(dividingBy: 60))
      && hours.contains(localMinute.floorDivided(by: 60).floorRemainder(dividingBy: 24))
  }
}

/// What a zone's clock shows at each minute of a stretch.
private struct MinuteWalk {
  let start: Int
  let end: Int
  /// Index i: the local minute that the clock shows i minutes after `start`.
  private var shown: [Int] = []

  init(zone: ZoneRules, from start: Int, through end: Int) {
    self.start = start
    self.end = end
    shown.reserveCapacity((end - start) / 60 + 1)
    var validity: Range<Int64> = 0..<0
    var offset = 0
    for seconds in stride(from: start, through: end, by: 60) {
      if !validity.contains(Int64(seconds)) {
        let span = zone.span(atUnixSeconds: Int64(seconds))
        (offset, validity) = (span.period.offset, span.validity)
      }
      shown.append((seconds + offset).floorDivided(by: 60))
    }
  }

  var range: Range<Instant> { Instant(seconds: start)..<Instant(seconds: end + 1) }

  func fires(of table: TimeTable, policy: String) -> [Int] {
    var fires: [Int] = []
    var seen: [Int: [Int]] = [:]
    for (index, local) in shown.enumerated() where table.matches(localMinute: local) {
      seen[local, default: []].append(start + index * 60)
    }
    let overlap = table.followsElapsedTime || policy.contains("overlap=both")
    for times in seen.values {
      if overlap {
        fires += times
      } else {
        fires.append(policy.contains("overlap=second") ? times.last! : times[0])
      }
    }
    if !table.followsElapsedTime, !policy.contains("gap=skip") {
      for index in shown.indices.dropFirst() where shown[index] > shown[index - 1] + 1 {
        let skipped = shown[index - 1] + 1..<shown[index]
        if skipped.contains(where: table.matches) { fires.append(start + index * 60) }
      }
    }
    return Set(fires).sorted()
  }
}
