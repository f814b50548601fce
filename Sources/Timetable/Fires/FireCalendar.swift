package import Model

/// Answers when a schedule is due in one time zone, between 1970 and 2199.
///
/// Fires are strictly increasing and unique by instant: two rules that meet, or two local times
/// that one gap pushes together, make one fire.
package struct FireCalendar: Sendable {
  package let zone: ZoneRules
  private let except: ExceptionDates
  private let searches: [FireSearch]
  private let elapsedPeriods: [Int]
  private let instants: [Instant]

  package init(_ rules: FireRules, zone: ZoneRules) {
    self.zone = zone
    except = rules.except
    var searches: [FireSearch] = []
    var elapsedPeriods: [Int] = []
    var instants: [Instant] = []
    func search(_ pattern: CalendarPattern) -> FireSearch {
      FireSearch(pattern: pattern, zone: zone, policy: rules.daylight, except: rules.except)
    }
    for rule in rules.rules {
      switch rule {
      case .cron(let expression):
        switch expression.timing {
        case .calendar(let pattern): searches.append(search(pattern))
        case .elapsed(let seconds): elapsedPeriods.append(seconds)
        }
      case .every(let period): searches.append(search(period.pattern))
      case .at(let instant): instants.append(instant)
      }
    }
    self.searches = searches
    self.elapsedPeriods = elapsedPeriods
    self.instants = instants.sorted()
  }

  /// The least fire after `instant`; `nil` where none comes before the year 2200.
  package func next(after instant: Instant) -> Fire? {
    let seconds = instant.seconds + 1
    var earliest: Fire?
    for search in searches { earliest.keepEarlier(search.next(atOrAfter: seconds)) }
    for period in elapsedPeriods { earliest.keepEarlier(nextElapsed(period, atOrAfter: seconds)) }
    if let next = instants.first(where: { $0 > instant && !isExcepted($0) }) {
      earliest.keepEarlier(fire(at: next))
    }
    return earliest
  }

  /// The greatest fire before `instant`; `nil` where none lies after 1969.
  package func previous(before instant: Instant) -> Fire? {
    let seconds = -(-Int(instant.microseconds)).floorDivided(by: 1_000_000) - 1
    var latest: Fire?
    for search in searches { latest.keepLater(search.previous(atOrBefore: seconds)) }
    for period in elapsedPeriods { latest.keepLater(previousElapsed(period, atOrBefore: seconds)) }
    if let previous = instants.last(where: { $0 < instant && !isExcepted($0) }) {
      latest.keepLater(fire(at: previous))
    }
    return latest
  }

  /// The fire at exactly `instant`, where there is one.
  package func fire(exactlyAt instant: Instant) -> Fire? {
    let next = next(after: Instant(microseconds: instant.microseconds - 1))
    return next?.instant == instant ? next : nil
  }

  /// The fires in `range`, in order and made one at a time.
  package func fires(in range: Range<Instant>) -> FireSequence {
    FireSequence(calendar: self, range: range)
  }

  // MARK: - Periods of elapsed time

  private static let horizon =
    DaySet.dayNumbers.lowerBound * LocalTime.secondsPerDay..<DaySet.dayNumbers.upperBound
    * LocalTime.secondsPerDay

  private func nextElapsed(_ period: Int, atOrAfter start: Int) -> Fire? {
    var seconds = max(start, FireCalendar.horizon.lowerBound)
    while true {
      seconds = (seconds + period - 1).floorDivided(by: period) * period
      guard seconds < FireCalendar.horizon.upperBound else { return nil }
      let day = zone.local(seconds).day
      if !except.contains(day) { return fire(at: Instant(seconds: seconds)) }
      seconds = max(seconds + 1, zone.start(of: day.adding(days: 1)))
    }
  }

  private func previousElapsed(_ period: Int, atOrBefore end: Int) -> Fire? {
    var seconds = min(end, FireCalendar.horizon.upperBound - 1)
    while true {
      seconds = seconds.floorDivided(by: period) * period
      guard seconds >= FireCalendar.horizon.lowerBound else { return nil }
      let day = zone.local(seconds).day
      if !except.contains(day) { return fire(at: Instant(seconds: seconds)) }
      seconds = min(seconds, zone.start(of: day)) - 1
    }
  }

  private func isExcepted(_ instant: Instant) -> Bool {
    except.contains(zone.local(instant.seconds).day)
  }

  private func fire(at instant: Instant) -> Fire {
    Fire(instant: instant, offset: zone.period(at: instant.seconds).offset)
  }
}

/// The fires of a calendar in a range of time; see `FireCalendar.fires(in:)`.
package struct FireSequence: Sequence, IteratorProtocol, Sendable {
  let calendar: FireCalendar
  var range: Range<Instant>

  package mutating func next() -> Fire? {
    let before = Instant(microseconds: range.lowerBound.microseconds - 1)
    guard !range.isEmpty, let fire = calendar.next(after: before), fire.instant < range.upperBound
    else { return nil }
    range = Instant(microseconds: fire.instant.microseconds + 1)..<range.upperBound
    return fire
  }
}

extension Fire? {
  /// At one instant the fire that clocks moved is kept, for what its mark says.
  fileprivate mutating func keepEarlier(_ other: Fire?) {
    guard let other else { return }
    guard let current = self else { return self = other }
    if other.instant < current.instant || (other.instant == current.instant && current.mark == .none) {
      self = other
    }
  }

  fileprivate mutating func keepLater(_ other: Fire?) {
    guard let other else { return }
    guard let current = self else { return self = other }
    if other.instant > current.instant || (other.instant == current.instant && current.mark == .none) {
      self = other
    }
  }
}
