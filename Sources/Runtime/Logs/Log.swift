internal import Glibc
package import Model
internal import Synchronization

/// The log: one line an event, to standard error or a file.
///
///     2026-01-02T02:15:00.123Z info run_succeeded run=r0… read=6001215 ms=1834
///
/// A value can hold anything: what is not plain is quoted and escaped, so that no value can begin a
/// line of its own; registered secrets are masked.
package final class Log: Sendable {
  private struct Target: ~Copyable {
    /// `nil` for standard error.
    var file: FileDescriptor?
  }

  private let target: Mutex<Target>
  private let redactor: Redactor
  private let least: RunEvent.Level
  private let now: @Sendable () -> Instant

  /// - Parameter path: a file to append to; `nil` for standard error.
  /// - Throws: a `SystemFault` where the file cannot be opened.
  package init(
    path: String?, least: RunEvent.Level, redactor: Redactor, now: @escaping @Sendable () -> Instant
  ) throws(Fault) {
    var file: FileDescriptor?
    if let path { file = try FileDescriptor(path, O_WRONLY | O_CREAT | O_APPEND) }
    target = Mutex(Target(file: file))
    self.redactor = redactor
    self.least = least
    self.now = now
  }

  package func write(_ level: RunEvent.Level, _ event: String, _ facts: [JSONValue.Member]) {
    guard level >= least else { return }
    var line = "\(now().text(isAligned: true)) \(level) \(event)"
    for fact in facts where fact.value != .null {
      line += " \(fact.name)=\(Log.shown(fact.value))"
    }
    let bytes = Array((redactor.mask(line) + "\n").utf8)
    target.withLock { target in
      // A log that cannot be written must not end the run; there is nowhere left to say so.
      _ = bytes.withUnsafeBytes {
        Glibc.write(target.file?.number ?? STDERR_FILENO, $0.baseAddress, $0.count)
      }
    }
  }

  private static func shown(_ value: JSONValue) -> String {
    guard case .string(let text) = value else { return value.text }
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy { scalar in
        scalar.value > 0x20 && scalar.value < 0x7F && scalar != "\"" && scalar != "=" && scalar != "\\"
      }
    return isPlain ? text : escaped(text)
  }

  /// A JSON string with every further control character escaped: C1 controls and line separators too.
  private static func escaped(_ text: String) -> String {
    var quoted = ""
    JSONValue.writeString(text, to: &quoted)
    var out = ""
    for scalar in quoted.unicodeScalars {
      if (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029 {
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
