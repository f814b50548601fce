internal import Glibc
package import Model

/// Looks whether the system lets the process open the few files that it cannot begin without (`ulimit -n`).
///
/// What Swift's clocks stand on opens three of its own for the first wait, and ends the process by a signal where it
/// finds no room for them.
package enum OpenFiles {
  /// Those three, and what other threads have open for a moment meanwhile.
  private static let least = 8

  /// - Throws: `Fault` `too_many_files` where there is room for fewer.
  package static func check() throws(Fault) {
    var files: [Int32] = []
    defer { for file in files { close(file) } }
    for _ in 0..<least {
      let file = open("/", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw SystemFault.fault("open", "/") }
      files.append(file)
    }
  }
}
