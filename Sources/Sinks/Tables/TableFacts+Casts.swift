internal import Model

/// The types that values are cast to where they are compared with a column of the target.
///
/// Publishing assigns, which is no cast: what is longer than its column an assignment refuses, and a cast cuts off. Both
/// types round as the assignment does, and neither has the length of a text. They differ in arrays of texts and in bits.
extension TableFacts.Column {
  /// For values that are not stored yet, and for those that they may be equal to: without any length. What is too long
  /// equals nothing that the column holds, and the assignment refuses it.
  var roundingType: SQLText {
    if TargetFit.isText(type) { return "\(type: type.base)" }
    let rounds = ["timestamp", "time(", "interval", "numeric"]
    if let declared, rounds.contains(where: declared.hasPrefix) { return SQLText(trusted: declared) }
    return "\(type: type)"
  }

  /// For values that are to be what was stored, as `verify` computes them: with all that was declared, since the
  /// assignment has taken them, and filled up an array of `char(n)` with blanks.
  var storedType: SQLText {
    if TargetFit.isText(type) { return "\(type: type.base)" }
    return declared.map { SQLText(trusted: $0) } ?? "\(type: type)"
  }
}
