internal import Model

/// How a transaction is opened.
package struct TransactionOptions: Hashable, Sendable {
  package var isolation: Isolation
  package var isReadOnly: Bool
  package var session: SessionSettings
  /// An exported snapshot to read by; needs `repeatableRead` or stricter.
  package var snapshot: SnapshotID?

  package enum Isolation: String, Hashable, Sendable, CaseIterable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
  }

  package init(
    isolation: Isolation, isReadOnly: Bool, session: SessionSettings = SessionSettings(),
    snapshot: SnapshotID? = nil
  ) {
    self.isolation = isolation
    self.isReadOnly = isReadOnly
    self.session = session
    self.snapshot = snapshot
  }

  /// For reading a source: one unchanging picture of it.
  package static func reading(_ session: SessionSettings = SessionSettings()) -> TransactionOptions {
    TransactionOptions(isolation: .repeatableRead, isReadOnly: true, session: session)
  }

  /// For writing: each statement sees what was committed before it.
  package static func writing(_ session: SessionSettings = SessionSettings()) -> TransactionOptions {
    TransactionOptions(isolation: .readCommitted, isReadOnly: false, session: session)
  }

  /// Everything in one message to the server. None of it takes a snapshot, so an import and locks
  /// may still follow.
  func opening(_ connection: ConnectionSettings, serverVersion: Int) -> SQLText {
    var sql: SQLText =
      "BEGIN ISOLATION LEVEL \(SQLText(trusted: isolation.rawValue)) \(isReadOnly ? "READ ONLY" : "READ WRITE"); "
    if let snapshot { sql = sql + "SET TRANSACTION SNAPSHOT \(.string(snapshot.text)); " }
    sql = sql + session.sql(connection, serverVersion: serverVersion)
    return isReadOnly ? sql : sql + "; " + Self.durable
  }

  /// What is answered as committed is there after a crash of the server, whatever the role or the database has set.
  /// Stronger settings stay as they are.
  private static let durable: SQLText =
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
}

/// Names a snapshot that a transaction has exported, while that transaction lasts.
package struct SnapshotID: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package var description: String { text }
}
