internal import Postgres
internal import Synchronization

/// The connections of readers that have nothing left to read, kept until the result is published.
///
/// A server process that has read much of a large cache takes longer to end than a small publish takes, on
/// processors that both need. Their transactions, and so their snapshot and locks, end at once.
final class ReadConnections: Sendable {
  // A lock around plain data; nothing waits inside.
  private let kept = Mutex<[Connection]>([])

  /// Ends the transaction of a connection. One that is counted is closed, so that others may have its place.
  func take(_ connection: Connection) async {
    await connection.rollback()
    guard connection.settings.limit == nil else { return await connection.close() }
    kept.withLock { $0.append(connection) }
  }

  func close() async {
    let connections = kept.withLock { list in
      defer { list = [] }
      return list
    }
    for connection in connections { await connection.close() }
  }
}
