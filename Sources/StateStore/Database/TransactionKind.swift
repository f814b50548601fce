/// What a transaction is for.
enum TransactionKind: Hashable, Sendable {
  /// Sees one state of the database and changes nothing.
  case read
  case write(StateWrite)
}
