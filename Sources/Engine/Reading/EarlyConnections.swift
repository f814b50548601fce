internal import Postgres
internal import Synchronization

/// The connections of readers, opened while the snapshot that they read by is still to be taken: a server takes longer
/// over a new connection than over most questions.
final class EarlyConnections: Sendable {
  // A lock around plain data; nothing waits inside.
  private let opening: Mutex<[String: [Task<Connection, any Error>]]>

  /// Begins to open so many of each. Where connections are counted none is: others may have their places meanwhile.
  init(_ count: Int, of settings: [ConnectionSettings]) {
    var opening: [String: [Task<Connection, any Error>]] = [:]
    for settings in settings where settings.limit == nil {
      opening[settings.name] = (0..<count).map { _ in Task { try await Connection.open(settings) } }
    }
    self.opening = Mutex(opening)
  }

  /// One of those that were begun, or a new one.
  func take(_ settings: ConnectionSettings) async throws -> Connection {
    guard let task = opening.withLock({ $0[settings.name]?.popLast() }) else {
      return try await Connection.open(settings)
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// Closes those that nobody took.
  func close() async {
    let left = opening.withLock { opening in
      defer { opening = [:] }
      return opening.values.flatMap { $0 }
    }
    for task in left { task.cancel() }
    for task in left {
      // One that did not come about is missed by nobody.
      if case .success(let connection) = await task.result { await connection.close() }
    }
  }
}
