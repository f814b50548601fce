internal import Glibc
package import Model

/// Paths as people write them, and as the system knows them.
package enum Path {
  /// A path that counts from `folder` where it is not absolute.
  package static func joined(_ path: String, to folder: String) -> String {
    path.hasPrefix("/") ? path : folder + "/" + path
  }

  /// The absolute path of what is there, without links and `..`; `nil` where nothing is, or it cannot be reached.
  package static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The same of what must be there: another process is to be told it.
  /// - Throws: a `SystemFault` where there is no such file.
  package static func absolute(_ path: String) throws(Fault) -> String {
    guard let resolved = real(path) else { throw SystemFault.fault("find", path) }
    return resolved
  }
}
