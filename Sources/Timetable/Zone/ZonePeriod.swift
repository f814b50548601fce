internal import Model

/// A stretch of time in which a zone's clocks stand at one offset from UTC, `[start, end)` in
/// seconds from 1970.
struct ZonePeriod {
  var start: Int
  var end: Int
  /// Seconds ahead of UTC.
  var offset: Int

  /// The first and the last stretch have one end only; these stand for the other, far enough away
  /// that offsets can be added to them.
  fileprivate static let ends = -(1 << 50)...(1 << 50)

  var hasStart: Bool { start > ZonePeriod.ends.lowerBound }
  var hasEnd: Bool { end < ZonePeriod.ends.upperBound }
}

extension ZoneRules {
  func period(at seconds: Int) -> ZonePeriod {
    let (period, validity) = span(atUnixSeconds: Int64(seconds))
    return ZonePeriod(
      start: max(Int(validity.lowerBound), ZonePeriod.ends.lowerBound),
      end: min(Int(validity.upperBound), ZonePeriod.ends.upperBound), offset: period.offset)
  }

  /// What the clocks show at `seconds`.
  func local(_ seconds: Int) -> LocalTime {
    LocalTime(seconds: seconds + period(atUnixSeconds: Int64(seconds)).offset)
  }

  /// The instant, in seconds from 1970, that begins what is named by a local time: the first of two,
  /// the end of a gap.
  func start(of local: LocalTime) -> Int {
    switch resolution(ofLocalUnixSeconds: Int64(local.seconds)) {
    case .once(let offset), .overlap(first: let offset, second: _, transition: _):
      local.seconds - offset
    case .gap(before: _, after: _, let transition): Int(transition)
    }
  }

  func start(of day: CivilDay) -> Int { start(of: LocalTime(day)) }

  func isRepeated(_ local: LocalTime) -> Bool {
    if case .overlap = resolution(ofLocalUnixSeconds: Int64(local.seconds)) { true } else { false }
  }
}
