package import Model

/// One nominal time of a schedule.
package struct Fire: Hashable, Sendable {
  package var instant: Instant
  /// Seconds that the zone's clock is ahead of UTC then.
  package var offset: Int
  package var mark: Mark

  /// What the clocks did to this fire.
  package enum Mark: Hashable, Sendable {
    case none
    /// Stands for a local time that the clocks jumped over; the first such one is `nominal`.
    case afterGap(nominal: LocalTime)
    /// The local time comes twice; this is the first of the two.
    case firstOfTwo
    case secondOfTwo
  }

  package init(instant: Instant, offset: Int, mark: Mark = .none) {
    self.instant = instant
    self.offset = offset
    self.mark = mark
  }

  /// What the zone's clock shows at the fire.
  package var local: LocalTime { LocalTime(seconds: instant.seconds + offset) }

  /// RFC 3339 with the zone's offset.
  package var text: String { instant.text(offset: offset) }
}
