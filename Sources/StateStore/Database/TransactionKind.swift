/// What a transaction is for.
enum TransactionKind: Hashable, Sendable {
  /// Sees one state of the database and changes nothing.
  case read
  /// The same, and does not wait for what others write meanwhile.
  case readBeside
  case write(StateWrite)
}
