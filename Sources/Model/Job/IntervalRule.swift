/// `interval:`, the rule that turns a fire into the span of data a run is for.
package struct IntervalRule: Hashable, Sendable {
  package var span: IntervalSpan
  package var delay: CalendarAmount
  package var lookback: CalendarAmount?
  package var rolling: CalendarAmount?
  /// True where the file has an `interval:` key.
  package var isDeclared: Bool

  package init(
    span: IntervalSpan = .fire, delay: CalendarAmount = .zero, lookback: CalendarAmount? = nil,
    rolling: CalendarAmount? = nil, isDeclared: Bool = false
  ) {
    self.span = span
    self.delay = delay
    self.lookback = lookback
    self.rolling = rolling
    self.isDeclared = isDeclared
  }
}

package enum IntervalSpan: String, Hashable, Sendable, CaseIterable {
  case fire, hour, day, week, month, quarter, year
}

/// A human amount of time whose days, weeks, months are calendar ones: `3d`, `45m`, `2mo`.
package struct CalendarAmount: Hashable, Sendable {
  package var months: Int
  package var days: Int
  package var microseconds: Int64

  package init(months: Int = 0, days: Int = 0, microseconds: Int64 = 0) {
    self.months = months
    self.days = days
    self.microseconds = microseconds
  }

  package static let zero = CalendarAmount()
}
