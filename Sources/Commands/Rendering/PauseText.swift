internal import Glibc
internal import Model
internal import Runtime
internal import StateStore

/// A pause, as people and programs read it.
struct PauseText {
  private let pause: PauseRecord

  init(_ pause: PauseRecord) {
    self.pause = pause
  }

  var line: String {
    var line = "\(pause.job) is paused "
    line += pause.until.map { "until \($0.text())" } ?? "until somebody ends it"
    if !pause.reason.isEmpty { line += ": \(FaultText.oneLine(pause.reason))" }
    return line + " (\(FaultText.oneLine(pause.by)), \(pause.pausedAt.text().prefix(19))Z)"
  }

  var members: [JSONValue.Member] {
    [
      .init("job", .string(pause.job.text)), .init("paused_at", .string(pause.pausedAt.text())),
      .init("until", .optional(pause.until?.text())), .init("reason", .string(pause.reason)),
      .init("by", .string(pause.by)),
    ]
  }
}

/// Who calls, for the audit trail.
enum Person {
  static var current: String {
    for name in ["SUDO_USER", "USER", "LOGNAME"] {
      if let user = Environment.process[name], !user.isEmpty { return user }
    }
    return "uid \(getuid())"
  }
}
