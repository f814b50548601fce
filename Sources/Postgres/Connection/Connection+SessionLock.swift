internal import Model

extension Connection {
  /// Waits until no other session of the database has the lock of that name, and takes it until the connection ends.
  ///
  /// Whoever waits within a statement would hold up the server's vacuum, so it is asked now and then: at first soon, as
  /// an end that is on its way takes a moment.
  /// - Parameter onHeld: told who has it, where that lasts, and whenever it has become somebody else.
  package func takeSessionLock(_ name: String, onHeld: @Sendable (String) -> Void) async throws {
    let key: SQLText = "hashtextextended(\(.string(name)), 0)"
    var nap = Duration.milliseconds(50)
    var told: String?
    while try await !query("SELECT pg_try_advisory_lock(\(key)) AS taken").onlyRow.boolean("taken") {
      if nap > Self.moment, let holder = try await holder(of: key), holder != told {
        told = holder
        onHeld(holder)
      }
      try await Task.sleep(for: nap)
      nap = min(nap * 2, .seconds(2))
    }
  }

  /// Whoever takes longer to end is told of.
  private static let moment = Duration.milliseconds(500)

  /// - Returns: `nil` where nobody has it any more.
  private func holder(of key: SQLText) async throws -> String? {
    try await query(
      """
      SELECT \(SQLText.process("l.pid", named: "a.application_name")) AS holder \
      FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid \
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
      AND (l.classid::bigint << 32 | l.objid::bigint) = \(key)
      """
    ).rows.first?.text("holder")
  }
}

extension SQLText {
  /// What people are told of a process of the server: its number, and the name that its session gives itself, which
  /// everybody may see.
  static func process(_ number: SQLText, named name: SQLText) -> SQLText {
    "'process ' || \(number) || coalesce(' (' || nullif(\(name), '') || ')', '')"
  }
}
