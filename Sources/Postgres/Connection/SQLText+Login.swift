package import Model

extension SQLText {
  /// Within a transaction: what follows is asked as the login, whatever role the connection takes on. Of other roles'
  /// processes nothing is told, and processes have the role of the login. Not for longer: behind a pooler the session
  /// is used by others next.
  package static let asLogin: SQLText = "SELECT set_config('role', 'none', true)"
}
