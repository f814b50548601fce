package import Model
package import StateStore

/// An attempt to deliver a notice that did not reach everybody it is for.
package struct UndeliveredNotices: Sendable {
  /// One, or all of a digest.
  package var notices: [NoticeRecord]
  package var fault: Fault
  package var outcome: Outcome

  package enum Outcome: Hashable, Sendable {
    /// Some have it, and nobody else will get it.
    case partly
    /// It is tried again after so long.
    case failed(retryAfter: Duration)
    case gaveUp
  }
}
