internal import Synchronization

/// Connections that their owner is done with, kept until it closes them.
///
/// A server process that has read much of a large cache takes longer to end than a small publish takes, on
/// processors that both need. Their transactions, and so their snapshot and locks, end at once; they
/// themselves as soon as a server has no connection to spare for anybody in this process.
package final class SpareConnections: Sendable {
  // A lock around plain data; nothing waits inside.
  private static let kept = Mutex<[ObjectIdentifier: [Connection]]>([:])

  package init() {}

  /// More than a connection may keep of its longest row.
  private static let longRow = 4 << 20

  /// Ends the transaction of a connection. One that is counted is closed, so that others may have its place, and one that
  /// has read a row of many megabytes, so that its memory is there for what is done with such rows next.
  package func take(_ connection: Connection) async {
    await connection.rollback()
    guard connection.settings.limit == nil, await connection.longestRow < Self.longRow else {
      return await connection.close()
    }
    Self.kept.withLock { $0[ObjectIdentifier(self), default: []].append(connection) }
  }

  /// Closes what this owner keeps.
  package func close() async {
    for connection in Self.kept.withLock({ $0.removeValue(forKey: ObjectIdentifier(self)) ?? [] }) {
      await connection.close()
    }
  }

  /// Closes all that anybody keeps.
  static func closeAll() async {
    let connections = kept.withLock { kept in
      defer { kept = [:] }
      return kept.values.flatMap { $0 }
    }
    for connection in connections { await connection.close() }
  }
}
