/// A half-open span of time, `[start, end)`.
package struct TimeRange: Hashable, Sendable {
  package var start: Instant
  package var end: Instant

  package init(start: Instant, end: Instant) {
    self.start = start
    self.end = end
  }
}
