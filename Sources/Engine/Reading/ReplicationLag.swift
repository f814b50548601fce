internal import Model
internal import Postgres

/// How far a server's replicas are behind, for `limits.max_replication_lag`: of a primary the worst of
/// its replicas, of a replica its own.
struct ReplicationLag {
  var isReplica: Bool
  /// `nil` of a replica that cannot know: it has no connection to its primary, and has replayed nothing yet.
  var lag: Duration?
  /// Of a primary: how far its log is written, and how far the slowest replica has replayed it, in bytes.
  var written: Int64
  var replayed: Int64?

  /// - Throws: `Fault` `missing_privilege` where the role may not see it.
  static func ask(_ connection: Connection) async throws -> ReplicationLag {
    let row = try await connection.query(
      """
      SELECT pg_is_in_recovery(), \
      (1000 * CASE WHEN NOT pg_is_in_recovery() \
      THEN (SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication) \
      WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn() \
      AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming') THEN 0 \
      ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END)::bigint, \
      (SELECT count(*) FROM pg_stat_replication WHERE state IS NULL), \
      CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint END, \
      (SELECT min(pg_wal_lsn_diff(replay_lsn, '0/0'))::bigint FROM pg_stat_replication)
      """
    ).onlyRow
    if row[2] != "0" {
      throw Fault(
        "missing_privilege", .auth,
        "The role of connection `\(connection.settings.name)` may not see how far its replicas are behind",
        hint: "GRANT pg_monitor to it, or leave out `max_replication_lag`")
    }
    let isReplica = row[0] == "t"
    return ReplicationLag(
      isReplica: isReplica,
      lag: row[1].flatMap { Int64($0) }.map { .milliseconds($0) } ?? (isReplica ? nil : .zero),
      written: row[3].flatMap { Int64($0) } ?? 0, replayed: row[4].flatMap { Int64($0) })
  }
}

/// How long a replica has been behind, by what was seen of a primary's log: the time that the server gives for a
/// replica stands still where the replica does.
struct LagSamples {
  /// Positions of the log's end and when each was first seen, those that are not replayed yet.
  private var pending: [(position: Int64, seen: ContinuousClock.Instant)] = []

  /// - Returns: for how long at least something has waited to be replayed.
  mutating func take(_ lag: ReplicationLag, now: ContinuousClock.Instant) -> Duration {
    guard let replayed = lag.replayed else {
      pending = []
      return .zero
    }
    if lag.written > pending.last?.position ?? replayed { pending.append((lag.written, now)) }
    pending.removeAll { $0.position <= replayed }
    return pending.first.map { now - $0.seen } ?? .zero
  }
}

/// Waits for, and pauses at, replicas that are further behind than `limits.max_replication_lag`.
struct LagWatch: Sendable {
  var asker: PlanAsker
  var connections: [String]
  var bound: Duration
  /// Told once each time that reading begins to wait.
  var report: @Sendable (String) -> Void

  private static let interval = Duration.seconds(1)

  /// Before a snapshot is taken: of primaries and replicas alike.
  func waitUntilFresh() async throws {
    for name in connections {
      var isReported = false
      var samples = LagSamples()
      while let found = try await excess(name, alsoReplicas: true, &samples) {
        if !isReported { report(found) }
        isReported = true
        try await Task.sleep(for: LagWatch.interval)
      }
    }
  }

  /// While chunks are read, until cancelled. A replica that is read from is not looked at: it may wait
  /// for the very snapshot that a pause would keep.
  func watch(_ throttle: ReadThrottle) async throws {
    var samples: [String: LagSamples] = [:]
    while true {
      var found: String?
      for name in connections where found == nil {
        found = try await excess(name, alsoReplicas: false, &samples[name, default: LagSamples()])
      }
      if let found, !throttle.isPaused { report(found) }
      throttle.pause(found != nil)
      try await Task.sleep(for: LagWatch.interval)
    }
  }

  private func excess(
    _ name: String, alsoReplicas: Bool, _ samples: inout LagSamples
  ) async throws -> String? {
    let found = try await ReplicationLag.ask(asker.connection(name))
    if found.isReplica, !alsoReplicas { return nil }
    guard let known = found.lag else {
      return "`\(name)` is a replica without a connection to its primary, and cannot say how far it is behind"
    }
    let lag = max(known, samples.take(found, now: .now))
    if lag <= bound { return nil }
    return "a replica of `\(name)` is \(lag.milliseconds / 1000) s behind, more than `max_replication_lag`"
  }
}
