internal import CLibPQ
internal import Model

/// Asks a server, over a connection of its own, what it does for another one that says nothing.
///
/// It waits no longer than the connection's `connect_timeout`, twice, and takes none of the places of a
/// `ConnectionLimit`: it is there for moments, and needed just where all places are held by silent connections.
struct LivenessProbe {
  var settings: ConnectionSettings
  /// The process of the silent connection.
  var backendPID: Int

  func ask() -> Silence.Finding {
    do {
      let handle = try ConnectionHandle.open(settings, in: nil, heedsCancel: false)
      // Behind a pooler the process is not the one that connections name, and on another server it is somebody else's.
      let isWaiting = try handle.value(
        of: """
          SELECT pg_backend_pid() = \(PQbackendPID(handle.pointer)) AND EXISTS (
            SELECT 1 FROM pg_stat_activity WHERE pid = \(backendPID)
              AND wait_event IN ('ClientRead', 'ClientWrite')
              AND usename = current_user AND application_name = current_setting('application_name'))
          """, within: settings.connectLimit)
      return isWaiting == "t" ? .waiting : .working
    } catch let refusal as ConnectionHandle.Refusal {
      // A server that refuses is there.
      return refusal.fault(settings).code == "cannot_connect" ? .unreachable : .working
    } catch {
      return .working
    }
  }
}
