internal import Model

/// What every transaction sets before anything else, so that a result does not depend on how the
/// server, the database or the role is configured, nor on who used a pooled connection before.
///
/// All of it is `SET LOCAL`, which works behind transaction pooling.
package struct SessionSettings: Hashable, Sendable {
  /// An IANA name.
  package var timeZone: String
  package var statementTimeout: Duration?
  package var lockTimeout: Duration?
  /// How long a lock is waited for at most, for good, where there is no `lockTimeout`.
  package var lockPatience: Duration?
  /// Schemas behind `pg_catalog`; `nil` takes the connection's own.
  package var searchPath: [String]?

  package init(
    timeZone: String = "UTC", statementTimeout: Duration? = nil, lockTimeout: Duration? = nil,
    lockPatience: Duration? = nil, searchPath: [String]? = nil
  ) {
    self.timeZone = timeZone
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
    self.lockPatience = lockTimeout == nil ? lockPatience : nil
    self.searchPath = searchPath
  }

  func sql(_ connection: ConnectionSettings, serverVersion: Int) -> SQLText {
    // The catalogue is searched first where it is not named. Named first, it would also be where
    // tables without a schema are made.
    let given = searchPath ?? connection.searchPath
    let path = (given.isEmpty ? ["pg_catalog"] : given).map(Identifier.init)
    var sql: SQLText = """
      SET LOCAL TimeZone = \(.string(timeZone)); \
      SET LOCAL DateStyle = 'ISO, YMD'; \
      SET LOCAL IntervalStyle = postgres; \
      SET LOCAL extra_float_digits = 1; \
      SET LOCAL bytea_output = hex; \
      SET LOCAL standard_conforming_strings = on; \
      SET LOCAL client_encoding = 'UTF8'; \
      SET LOCAL search_path = \(path); \
      SET LOCAL client_min_messages = error; \
      SET LOCAL row_security = \(connection.allowsRowSecurity ? "on" : "off"); \
      SET LOCAL idle_in_transaction_session_timeout = 0; \
      SET LOCAL lock_timeout = \(Self.milliseconds(lockTimeout ?? lockPatience)); \
      SET LOCAL statement_timeout = \(Self.milliseconds(statementTimeout))
      """
    if serverVersion >= 140_000 { sql = sql + "; SET LOCAL idle_session_timeout = 0" }
    if serverVersion >= 170_000 { sql = sql + "; SET LOCAL transaction_timeout = 0" }
    return sql
  }

  /// Longer than any answer can take; `nil` where a statement may take for ever.
  var silenceLimit: Duration? { statementTimeout.map { $0 + .seconds(30) } }

  /// 0 turns a timeout off, so a shorter one than a millisecond counts as one.
  private static func milliseconds(_ duration: Duration?) -> Int {
    guard let duration else { return 0 }
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
    if milliseconds.overflow { return Int(Int32.max) }
    return min(max(Int(milliseconds.partialValue + attoseconds / 1_000_000_000_000_000), 1), Int(Int32.max))
  }
}
