internal import CLibPQ
internal import Model

/// Asks a server, over a connection of its own, what it does for another one that says nothing.
///
/// It takes none of the places of a `ConnectionLimit`: it is there for moments, and needed just where all places are
/// held by silent connections.
struct LivenessProbe {
  private let settings: ConnectionSettings
  /// The process of the silent connection.
  private let backendPID: Int
  /// How long connecting and asking may take together.
  private let limit: Duration

  init(_ settings: ConnectionSettings, backendPID: Int, limit: Duration) {
    self.settings = settings
    self.backendPID = backendPID
    self.limit = limit
  }

  /// For a connection that says nothing: asks the very server that it has reached, also where its string names several.
  init(of silent: OpaquePointer, _ settings: ConnectionSettings) {
    func text(_ value: UnsafeMutablePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
    let server = settings.server(
      host: text(PQhost(silent)), address: text(PQhostaddr(silent)), port: text(PQport(silent)))
    // A busy server may take seconds to make a process, however little patience a new connection is to have with it;
    // and whoever waits for us is not to wait for long.
    let limit = min(max(server.connectLimit, .seconds(5)), .seconds(10))
    self.init(server, backendPID: Int(PQbackendPID(silent)), limit: limit)
  }

  /// - Parameters:
  ///   - endsWaiting: whether a process that waits for us is ended, so that it holds no snapshot, no locks and no
  ///     connection of the server for somebody who has given it up.
  ///   - isStopped: asked now and then; where it says so the finding is `working`.
  func ask(endsWaiting: Bool, isStopped: () -> Bool) -> Silence.Finding {
    let deadline = ContinuousClock.now + limit
    do {
      let handle = try ConnectionHandle.open(settings, in: nil, within: limit, isStopped: isStopped)
      // Behind a pooler the process is not the one that connections name, and on another server it is somebody else's.
      let process: SQLText = """
        FROM pg_stat_activity WHERE pid = \(backendPID)
          AND pg_backend_pid() = \(PQbackendPID(handle.pointer))
          AND usename = session_user AND application_name = current_setting('application_name')
        """
      let waiting: SQLText = "\(process) AND wait_event IN ('ClientRead', 'ClientWrite')"
      let isWaiting = try handle.value(
        of: "\(SQLText.asLogin); SELECT EXISTS (SELECT \(waiting))", deadline: deadline, isStopped: isStopped)
      guard isWaiting == "t" else {
        let blockers = try handle.value(
          of: "\(SQLText.asLogin); \(Self.blockers(of: process))", deadline: deadline, isStopped: isStopped)
        return blockers.map { .blocked(by: $0) } ?? .working
      }
      if endsWaiting {
        end(handle, "\(SQLText.asLogin); SELECT pg_terminate_backend(pid) \(waiting)", deadline, isStopped)
      }
      return .waiting
    } catch let refusal as ConnectionHandle.Refusal where refusal.isUnanswered {
      return .unreachable
    } catch {
      // A server that says anything is there, and an attempt that failed on our side says nothing about it.
      return .working
    }
  }

  /// Who has the locks that a process waits for. NULL where it waits for none.
  private static func blockers(of process: SQLText) -> SQLText {
    """
    SELECT string_agg(CASE WHEN b.pid = 0 THEN 'a prepared transaction' \
    ELSE \(SQLText.process("b.pid", named: "a.application_name")) END, ', ' ORDER BY b.pid) \
    FROM (SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid \(process) AND wait_event_type = 'Lock') AS b \
    LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid
    """
  }

  private func end(
    _ handle: borrowing ConnectionHandle, _ sql: SQLText, _ deadline: ContinuousClock.Instant,
    _ isStopped: () -> Bool
  ) {
    do {
      _ = try handle.value(of: sql, deadline: deadline, isStopped: isStopped)
    } catch {
      // The connection is lost all the same, and the server notices that by itself some time.
    }
  }
}
