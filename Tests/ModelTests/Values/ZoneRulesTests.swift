import Model
import Testing

@Suite struct ZoneRulesTests {
  /// Seconds along a wall clock from 1970.
  private func wall(_ text: String) throws -> Int64 {
    try Timestamp(parsing: text).microseconds / 1_000_000 + 946_684_800
  }

  @Test(arguments: [
    ("Europe/Berlin", "2026-03-29 01:59:59", "once 3600"),
    ("Europe/Berlin", "2026-03-29 02:00:00", "gap 3600 7200"),
    ("Europe/Berlin", "2026-03-29 02:59:59", "gap 3600 7200"),
    ("Europe/Berlin", "2026-03-29 03:00:00", "once 7200"),
    ("Europe/Berlin", "2026-10-25 01:59:59", "once 7200"),
    ("Europe/Berlin", "2026-10-25 02:00:00", "overlap 7200 3600"),
    ("Europe/Berlin", "2026-10-25 02:59:59", "overlap 7200 3600"),
    ("Europe/Berlin", "2026-10-25 03:00:00", "once 3600"),
    ("Europe/Berlin", "2299-07-01 12:00:00", "once 7200"),
    ("Pacific/Apia", "2011-12-30 12:00:00", "gap -36000 50400"),
    ("Australia/Lord_Howe", "2026-10-04 02:15:00", "gap 37800 39600"),
    ("America/Sao_Paulo", "2018-11-04 00:30:00", "gap -10800 -7200"),
    ("Asia/Kathmandu", "2026-10-04 02:15:00", "once 20700"),
    ("UTC", "2026-10-25 02:00:00", "once 0"),
  ])
  func saysWhatALocalTimeMeans(_ zone: String, _ local: String, _ expected: String) throws {
    let text: String
    switch try ValueCases.zone(zone).resolution(ofLocalUnixSeconds: wall(local)) {
    case .once(let offset): text = "once \(offset)"
    case .gap(let before, let after, _): text = "gap \(before) \(after)"
    case .overlap(let first, let second, _): text = "overlap \(first) \(second)"
    }
    #expect(text == expected)
  }

  @Test func everyPeriodEndsWhereTheNextBegins() throws {
    for name in ["Europe/Berlin", "Africa/Casablanca", "Pacific/Apia", "America/New_York", "Asia/Tehran"] {
      let zone = try ValueCases.zone(name)
      // From 1900 to 2300, through the listed transitions and the rule behind them.
      var at: Int64 = -2_208_988_800
      var count = 0
      while at < 10_413_792_000 {
        let (period, validity) = zone.span(atUnixSeconds: at)
        #expect(validity.contains(at))
        #expect(zone.period(atUnixSeconds: validity.upperBound - 1) == period)
        guard let next = zone.nextTransition(afterUnixSeconds: at) else { break }
        #expect(next.at == validity.upperBound && next.before == period)
        at = next.at
        count += 1
      }
      #expect(count > 10)
    }
  }

  @Test func refusesWhatIsNoZoneFile() throws {
    let good = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 39)
    for length in 0..<good.count {
      #expect(throws: RowFault.self) { try ZoneRules(tzif: Array(good.prefix(length)), name: "x") }
    }
    #expect(throws: RowFault.self) {
      try ZoneRules(tzif: [UInt8](repeating: 0xFF, count: 300), name: "x")
    }
    var huge = good + good
    for index in huge.indices.dropFirst(20) { huge[index] = huge[index] == 0 ? 0x7F : huge[index] }
    #expect(throws: RowFault.self) { try ZoneRules(tzif: huge, name: "x") }
  }
}
