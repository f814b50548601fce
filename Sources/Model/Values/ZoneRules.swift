/// Says how far a time zone's clocks stand from UTC at any moment, as the IANA time zone data has it.
///
/// Holds the transitions that the data lists and the rule that goes on for ever after the last of them. Offsets
/// are seconds east of UTC; moments are seconds from 1970-01-01T00:00:00Z where an argument says so, else
/// `Timestamp`s, which count microseconds from 2000.
package struct ZoneRules: Sendable, Hashable {
  /// The name it was asked for by, such as `Europe/Berlin`.
  package let name: String

  /// What holds between two transitions.
  package struct Period: Sendable, Hashable {
    /// Seconds east of UTC.
    package var offset: Int
    package var isDaylight: Bool
    package var abbreviation: String

    package init(offset: Int, isDaylight: Bool, abbreviation: String) {
      self.offset = offset
      self.isDaylight = isDaylight
      self.abbreviation = abbreviation
    }
  }

  /// The moment at which one period gives way to the next.
  package struct Transition: Sendable, Hashable {
    /// Seconds from 1970.
    package var at: Int64
    package var before: Period
    package var after: Period
  }

  /// Rising, in seconds from 1970; `kindAfter[i]` names the period that begins at `transitions[i]`.
  let transitions: [Int64]
  let kindAfter: [UInt8]
  let kinds: [Period]
  /// What held before the first transition.
  let first: Period
  /// What Postgres takes for the time before the first transition when it reads a local time: the first
  /// standard time in the data, which in odd zones is not `first`.
  let firstStandard: Period
  /// What goes on after the last transition; nil where its period simply lasts.
  let tail: YearlyZoneRule?

  init(
    name: String, transitions: [Int64], kindAfter: [UInt8], kinds: [Period], first: Period,
    firstStandard: Period, tail: YearlyZoneRule?
  ) {
    self.name = name
    self.transitions = transitions
    self.kindAfter = kindAfter
    self.kinds = kinds
    self.first = first
    self.firstStandard = firstStandard
    self.tail = tail
  }

  /// A zone whose clocks never change.
  package init(name: String, fixedOffset seconds: Int, abbreviation: String? = nil) {
    let period = Period(offset: seconds, isDaylight: false, abbreviation: abbreviation ?? name)
    self.init(
      name: name, transitions: [], kindAfter: [], kinds: [period], first: period, firstStandard: period,
      tail: nil)
  }

  package static let utc = ZoneRules(name: "UTC", fixedOffset: 0)

  /// The period that holds at a moment, given in seconds from 1970.
  package func period(atUnixSeconds seconds: Int64) -> Period { span(atUnixSeconds: seconds).period }

  /// The period that holds at a moment and the half-open time it lasts; the ends of time stand for no end.
  ///
  /// A caller that converts many moments keeps the answer while they lie inside it.
  package func span(atUnixSeconds seconds: Int64) -> (period: Period, validity: Range<Int64>) {
    let before = previousTransition(notAfter: seconds)
    let after = nextTransition(afterUnixSeconds: seconds)
    return (before?.after ?? first, (before?.at ?? .min)..<(after?.at ?? .max))
  }

  /// The first transition after a moment, given in seconds from 1970; nil where the clocks never change again.
  package func nextTransition(afterUnixSeconds seconds: Int64) -> Transition? {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    if low < transitions.count { return listedTransition(low) }
    guard let tail else { return nil }
    let lastListed = transitions.last ?? .min
    return tail.transitions(around: seconds).first { $0.at > seconds && $0.at > lastListed }
  }

  private func listedTransition(_ index: Int) -> Transition {
    Transition(
      at: transitions[index], before: index == 0 ? first : kinds[Int(kindAfter[index - 1])],
      after: kinds[Int(kindAfter[index])])
  }

  private func previousTransition(notAfter seconds: Int64) -> Transition? {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    if low == transitions.count, let tail {
      let lastListed = transitions.last ?? .min
      if let last = tail.transitions(around: seconds).last(where: { $0.at <= seconds && $0.at > lastListed })
      {
        return last
      }
    }
    return low == 0 ? nil : listedTransition(low - 1)
  }
}
