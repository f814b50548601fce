internal import Glibc
internal import Runtime

/// What standard output and standard error are, and writing to them.
enum Terminal {
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private static var wantsColour: Bool {
    let none = Environment.process["NO_COLOR"] ?? ""
    return none.isEmpty && Environment.process["TERM"] != "dumb"
  }

  static var outputStyle: Style { Style(isColoured: outputIsTerminal && wantsColour) }
  static var errorStyle: Style { Style(isColoured: errorIsTerminal && wantsColour) }

  /// Columns of the terminal behind standard error; 80 where it does not say.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }
  static func printError(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Writes all of it. A reader that has gone away ends the command by SIGPIPE, as it does for any
  /// other tool; what else can go wrong with a terminal cannot be told to anybody.
  private static func write(_ text: String, to file: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return
      }
      bytes = bytes.dropFirst(count)
    }
  }
}
