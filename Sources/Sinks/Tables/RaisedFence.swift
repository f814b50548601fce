package import Model

/// A fence as its newest owner has raised it: two connections that show the same one lead to the same ledger.
package struct RaisedFence: Hashable, Sendable {
  package var token: FencingToken
  /// To the microsecond, in UTC.
  var raisedAt: String
}
