internal import Model

/// Finds the fires of one calendar pattern in one zone.
///
/// Time is cut at the zone's changes into periods of one offset. Inside a period local time and
/// instants differ by a constant, so that a search there is one search of the pattern; what
/// `DaylightPolicy` says is applied at the two ends of each period.
///
/// - Complexity: one look-up in the zone's table and one search of the pattern for most fires;
///   never a walk over minutes.
struct FireSearch {
  let pattern: CalendarPattern
  let zone: ZoneRules
  let policy: DaylightPolicy
  let except: ExceptionDates

  /// Further from a change than this, nothing of it is felt: no clock was ever moved by two days.
  private static let reach = 2 * LocalTime.secondsPerDay

  /// The least fire that is not before `seconds`.
  func next(atOrAfter seconds: Int) -> Fire? {
    var seconds = seconds
    while true {
      let period = zone.period(at: seconds)
      if seconds == period.start, let fire = fireAfterGap(before: period) { return fire }
      let lower = max(seconds + period.offset, firstLocal(of: period, near: seconds))
      let local = pattern.next(atOrAfter: LocalTime(seconds: lower), except: except)
      if let local, local.seconds < endLocal(of: period, near: local.seconds - period.offset) {
        return fire(at: local, in: period)
      }
      if period.hasEnd, period.end + offset(after: period) < lower {
        // The clocks go back to before what was asked about: it may be due there.
        seconds = period.end
      } else {
        guard let local else { return nil }
        // No local time up to `local` is due, so changes that lie well before it do not matter.
        seconds = max(period.end, local.seconds - FireSearch.reach)
      }
    }
  }

  /// The greatest fire that is not after `seconds`.
  func previous(atOrBefore seconds: Int) -> Fire? {
    var seconds = seconds
    while true {
      let period = zone.period(at: seconds)
      let upper = min(seconds + period.offset, endLocal(of: period, near: seconds) - 1)
      let local = pattern.previous(atOrBefore: LocalTime(seconds: upper), except: except)
      if let local, local.seconds >= firstLocal(of: period, near: local.seconds - period.offset) {
        let isAtStart = local.seconds - period.offset == period.start
        return (isAtStart ? fireAfterGap(before: period) : nil) ?? fire(at: local, in: period)
      }
      if let fire = fireAfterGap(before: period) { return fire }
      if period.hasStart, period.start + offset(before: period) > upper + 1 {
        // Before they went back the clocks had come further than what was asked about.
        seconds = period.start - 1
      } else {
        guard let local else { return nil }
        seconds = min(period.start - 1, local.seconds + FireSearch.reach)
      }
    }
  }

  /// The fire at the period's first instant that stands for the local times skipped before it.
  private func fireAfterGap(before period: ZonePeriod) -> Fire? {
    guard !pattern.followsElapsedTime, policy.gap == .runAfter, period.hasStart else { return nil }
    let gapStart = period.start + offset(before: period)
    guard gapStart < period.start + period.offset,
      let local = pattern.next(atOrAfter: LocalTime(seconds: gapStart), except: except),
      local.seconds < period.start + period.offset
    else { return nil }
    return Fire(
      instant: Instant(seconds: period.start), offset: period.offset, mark: .afterGap(nominal: local))
  }

  /// The first local time of the period that may fire: under `overlap: first` a repeated stretch at
  /// its beginning is left out.
  private func firstLocal(of period: ZonePeriod, near seconds: Int) -> Int {
    let own = period.start + period.offset
    guard !pattern.followsElapsedTime, policy.overlap == .first, isNearStart(seconds, of: period)
    else { return own }
    return max(own, period.start + offset(before: period))
  }

  /// The local time behind the last one that may fire: under `overlap: second` the stretch that is
  /// going to be repeated is left out.
  private func endLocal(of period: ZonePeriod, near seconds: Int) -> Int {
    let own = period.end + period.offset
    guard !pattern.followsElapsedTime, policy.overlap == .second, isNearEnd(seconds, of: period)
    else { return own }
    return min(own, period.end + offset(after: period))
  }

  private func fire(at local: LocalTime, in period: ZonePeriod) -> Fire {
    let seconds = local.seconds - period.offset
    var mark = Fire.Mark.none
    if isNearStart(seconds, of: period), local.seconds < period.start + offset(before: period) {
      mark = .secondOfTwo
    } else if isNearEnd(seconds, of: period), local.seconds >= period.end + offset(after: period) {
      mark = .firstOfTwo
    }
    return Fire(instant: Instant(seconds: seconds), offset: period.offset, mark: mark)
  }

  // MARK: - The changes on both sides

  private func isNearStart(_ seconds: Int, of period: ZonePeriod) -> Bool {
    period.hasStart && seconds - period.start < FireSearch.reach
  }

  private func isNearEnd(_ seconds: Int, of period: ZonePeriod) -> Bool {
    period.hasEnd && period.end - seconds <= FireSearch.reach
  }

  private func offset(before period: ZonePeriod) -> Int { zone.period(at: period.start - 1).offset }

  private func offset(after period: ZonePeriod) -> Int { zone.period(at: period.end).offset }
}
