package import Model

/// When the rows of a result were read, by the clock of the database that they are published into.
package struct ReadTime: Hashable, Sendable {
  /// All that was committed by then has been read.
  package var from: Instant
  /// Nothing that was committed later has been read; `nil` where rows may be of any moment until they are published.
  package var until: Instant?

  package init(from: Instant, until: Instant?) {
    self.from = from
    self.until = until
  }
}
