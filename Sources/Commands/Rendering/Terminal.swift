internal import Glibc
internal import Model
internal import Runtime
internal import Synchronization

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

  static func print(_ line: String) {
    let failure = write(line + "\n", to: STDOUT_FILENO)
    if failure != 0 { outputFailure.withLock { $0 = failure } }
  }

  /// What cannot be written to standard error cannot be told to anybody.
  static func printError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  private static let outputFailure = Mutex<Int32>(0)

  /// That standard output does not hold all that was printed. A reader that has gone away wanted no more.
  static var outputFault: Fault? {
    let number = outputFailure.withLock { $0 }
    if number == 0 || number == EPIPE { return nil }
    return Fault(
      "output_lost", .resource, "Standard output could not be written", cause: SystemFault.text(of: number),
      hint: "The command has done its work; `tidemark status` and `show` say it again")
  }

  /// Writes all of it.
  /// - Returns: the error's number, 0 where there is none.
  private static func write(_ text: String, to file: Int32) -> Int32 {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return errno
      }
      bytes = bytes.dropFirst(count)
    }
    return 0
  }
}
