internal import Glibc

/// Standard input, output and error, there whatever the caller has closed.
package enum StandardFiles {
  /// Puts `/dev/null` in the place of those that are closed, as the very first thing of a process: otherwise the next
  /// file that is opened gets such a number, and log lines are written into it.
  ///
  /// Each is opened the wrong way round, so that what is written to a closed output still fails and is not lost in
  /// silence.
  package static func fill() {
    for file in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(file, F_GETFD) < 0 {
      // The lowest free number is this one.
      _ = open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
