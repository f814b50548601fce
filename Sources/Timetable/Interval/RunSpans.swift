package import Model

/// The three spans of time that a run deals with.
package struct RunSpans: Hashable, Sendable {
  /// What the run is for: `${interval.*}`, and part of its identity.
  package var interval: TimeRange
  /// What it makes again in the target: the interval and its lookback.
  package var replaced: TimeRange
  /// What it reads: `${window.*}`, wider than `replaced` where the job is rolling.
  package var window: TimeRange

  package init(interval: TimeRange, replaced: TimeRange, window: TimeRange) {
    self.interval = interval
    self.replaced = replaced
    self.window = window
  }
}
