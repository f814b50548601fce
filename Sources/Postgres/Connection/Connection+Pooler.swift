internal import Model

extension Connection {
  /// Whether the server is behind a pooler that hands its sessions out by the transaction: the next statement may meet
  /// another session. Settings get lost there; locks, and what is listened to, stay with a session that lives on.
  ///
  /// Behind any pooler the process id that the connection names is not the session's. The mode is
  /// told by two connections that meet the same session, or one that changes its own.
  /// - Throws: `Fault` of this connection, or of another one like it, which is made behind any pooler.
  package func sharesSessions() async throws -> Bool {
    var mine = try await session()
    if mine == backendPID { return false }
    let other = try await Connection.open(settings)
    var isShared = false
    do {
      for _ in 0..<5 where !isShared {
        let theirs = try await other.session()
        let now = try await session()
        isShared = theirs == now || now != mine
        mine = now
      }
    } catch {
      await other.close()
      throw error
    }
    await other.close()
    return isShared
  }

  private func session() async throws -> Int {
    try await query("SELECT pg_backend_pid() AS pid").onlyRow.integer("pid")
  }
}
