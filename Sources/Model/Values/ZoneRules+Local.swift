extension ZoneRules {
  /// What a local time means in a zone.
  package enum Resolution: Sendable, Hashable {
    /// It exists once.
    case once(offset: Int)
    /// The clocks were put forward over it: it does not exist. `transition` is in seconds from 1970.
    case gap(before: Int, after: Int, transition: Int64)
    /// The clocks were put back over it: it exists at the offset `first`, and again at `second`.
    case overlap(first: Int, second: Int, transition: Int64)
  }

  /// Seconds from 1970-01-01 to 2000-01-01.
  private static let secondsTo2000: Int64 = 946_684_800

  /// What the local time, seconds along the wall clock from 1970-01-01 00:00, means here.
  package func resolution(ofLocalUnixSeconds local: Int64) -> Resolution {
    // No offset and no jump is as long as two days.
    var from = local - 172_800
    var offsets: [(offset: Int, since: Int64)] = []
    while true {
      let (period, validity) = span(atUnixSeconds: from)
      let moment = local - Int64(period.offset)
      if validity.contains(moment) { offsets.append((period.offset, validity.lowerBound)) }
      guard let next = nextTransition(afterUnixSeconds: from), next.at <= local + 172_800 else { break }
      if offsets.isEmpty, local >= next.at + Int64(next.before.offset),
        local < next.at + Int64(next.after.offset)
      {
        return .gap(before: next.before.offset, after: next.after.offset, transition: next.at)
      }
      from = next.at
    }
    guard let earliest = offsets.first, let latest = offsets.last else {
      return .once(offset: period(atUnixSeconds: local).offset)
    }
    return earliest.offset == latest.offset
      ? .once(offset: earliest.offset)
      : .overlap(first: earliest.offset, second: latest.offset, transition: latest.since)
  }

  /// The offset that Postgres takes for a local time, seconds along the wall clock from 1970-01-01 00:00: that
  /// before the change in a gap, that after the change in an overlap.
  ///
  /// Source: `DetermineTimeZoneOffset` of Postgres's `datetime.c`. It looks at the first transition after the
  /// day before only, as this does.
  package func postgresOffset(ofLocalUnixSeconds local: Int64) -> Int {
    let dayBefore = local - 86_400
    guard let next = nextTransition(afterUnixSeconds: dayBefore) else {
      return transitions.isEmpty ? firstStandard.offset : period(atUnixSeconds: dayBefore).offset
    }
    let before = next.at == transitions.first ? firstStandard.offset : next.before.offset
    let after = next.after.offset
    let momentBefore = local - Int64(before)
    let momentAfter = local - Int64(after)
    if momentBefore < next.at && momentAfter < next.at { return before }
    if momentBefore > next.at && momentAfter >= next.at { return after }
    return momentBefore > momentAfter ? before : after
  }

  /// The offset that an abbreviation stood for at a local time, or last before, or first after; where the zone
  /// never used it, the zone's own offset.
  ///
  /// Source: `DetermineTimeZoneAbbrevOffset` of `datetime.c`, `pg_interpret_timezone_abbrev` of `localtime.c`.
  func offset(ofAbbreviation name: String, localUnixSeconds local: Int64) -> Int {
    let likely = postgresOffset(ofLocalUnixSeconds: local)
    let moment = local - Int64(likely)
    let since = transitions.prefix { $0 <= moment }.count
    for index in stride(from: since - 1, through: 0, by: -1) {
      let period = kinds[Int(kindAfter[index])]
      if period.abbreviation == name { return period.offset }
    }
    if first.abbreviation == name { return first.offset }
    for index in since..<transitions.count {
      let period = kinds[Int(kindAfter[index])]
      if period.abbreviation == name { return period.offset }
    }
    return likely
  }

  /// Seconds east of UTC at a moment; zero for the infinities.
  package func offset(at moment: Timestamp) -> Int {
    guard moment.isFinite else { return 0 }
    return period(atUnixSeconds: moment.microseconds.floorDivided(by: 1_000_000) + Self.secondsTo2000).offset
  }

  /// What the wall clock shows at a `timestamptz`; at the ends of its range that may be no `timestamp`.
  package func wallClock(_ moment: Timestamp) -> Timestamp {
    guard moment.isFinite else { return moment }
    return Timestamp(microseconds: moment.localMicroseconds(in: self))
  }

  /// The wall clock's `timestamp` at a `timestamptz`.
  /// - Throws: `RowFault` 22008 beyond timestamp's range.
  package func local(_ moment: Timestamp) throws(RowFault) -> Timestamp {
    guard moment.isFinite else { return moment }
    return try Timestamp(checkedMicroseconds: wallClock(moment).microseconds)
  }

  /// The `timestamptz` that Postgres takes a wall clock's `timestamp` for.
  /// - Throws: `RowFault` 22008 beyond timestamp's range.
  package func moment(ofLocal local: Timestamp) throws(RowFault) -> Timestamp {
    guard local.isFinite else { return local }
    let seconds = local.microseconds.floorDivided(by: 1_000_000) + Self.secondsTo2000
    let offset = postgresOffset(ofLocalUnixSeconds: seconds)
    let (moment, tooBig) = local.microseconds.subtractingReportingOverflow(Int64(offset) * 1_000_000)
    guard !tooBig else { throw .datetimeOutOfRange("timestamp") }
    return try Timestamp(checkedMicroseconds: moment)
  }
}

extension Timestamp {
  /// The text that Postgres prints for a `timestamptz` in a session of the zone.
  package func text(in zone: ZoneRules) -> String { text(offset: zone.offset(at: self)) }
}

extension Instant {
  /// RFC 3339 by the clocks of the zone.
  package func text(in zone: ZoneRules) -> String {
    text(offset: zone.offset(at: Timestamp(microseconds: postgresMicroseconds)))
  }
}
