internal import Engine
internal import Model
internal import Runtime
internal import StateStore

extension Log {
  /// Says of notices who does not have them, why, and when they are tried again.
  func write(_ undelivered: UndeliveredNotices) {
    guard let first = undelivered.notices.first else { return }
    let count = undelivered.notices.count
    let event: (level: RunEvent.Level, name: String, wait: Duration?) =
      switch undelivered.outcome {
      case .partly: (.warning, "notice_partly_delivered", nil)
      case .failed(let wait): (.warning, "notice_failed", wait)
      case .gaveUp: (.error, "notice_gave_up", nil)
      }
    write(
      event.level, event.name,
      [
        .init("notice", .string(first.id)), .init("notices", count > 1 ? .integer(count) : .null),
        .init("job", .string(first.job.text)), .init("event", .string(first.event.rawValue)),
        .init("to", .string(first.channel)), .init("tries", .integer(first.attempts)),
        .init("wait_ms", event.wait.map { .integer($0.milliseconds) } ?? .null),
      ] + FaultText(fault: undelivered.fault).facts)
  }
}
