internal import Model
internal import StateStore

/// One run in a list: where it stands and what somebody could do about it.
struct RunLine {
  private let record: RunRecord
  private let isOwned: Bool
  private let now: Instant

  init(_ record: RunRecord, isOwned: Bool, now: Instant) {
    self.record = record
    self.isOwned = isOwned
    self.now = now
  }

  var name: String {
    let identity = record.identity
    return identity.matrixRow.isEmpty ? identity.job.text : "\(identity.job)[\(identity.matrixRow)]"
  }

  /// 0 needs a person, 1 waits for somebody to go on, 2 is going on, 3 is well.
  var urgency: Int {
    switch record.state {
    case .failed: 0
    case .succeeded, .superseded: 3
    case .cancelled: 1
    default: isOwned ? 2 : 1
    }
  }

  private var mark: String {
    switch urgency {
    case 0: "✗"
    case 1: "!"
    case 2: "…"
    default: "✓"
    }
  }

  var action: String {
    switch record.state {
    case .failed:
      "needs you: " + (record.fault.map { FaultText.oneLine($0.sentence) } ?? "see `tidemark show`")
    case .succeeded: "done"
    case .superseded: "another run took its place"
    case .cancelled: "cancelled; `tidemark run \(name)` starts anew"
    case .interrupted: "stopped; `tidemark run \(name)` goes on"
    default: isOwned ? "going on" : "its process died; `tidemark run \(name)` goes on"
    }
  }

  var interval: String {
    record.identity.interval.map { "\(RunLine.short($0.start)) to \(RunLine.short($0.end))" } ?? "-"
  }

  /// Seconds and below only where they are not zero.
  private static func short(_ instant: Instant) -> String {
    let text = instant.text()
    return text.hasSuffix("T00:00:00Z") ? String(text.dropLast(10)) : text
  }

  private var age: String {
    let seconds = Double(now.microseconds - record.updatedAt.microseconds) / 1e6
    return Quantity.seconds(max(seconds, 0)) + " ago"
  }

  var cells: [String] {
    [mark, name, record.state.rawValue, interval, record.id.text, age, action]
  }

  var json: JSONValue {
    .object([
      .init("job", .string(record.identity.job.text)),
      .init("matrix_row", record.identity.matrixRow.isEmpty ? .null : .string(record.identity.matrixRow)),
      .init("run", .string(record.id.text)), .init("state", .string(record.state.rawValue)),
      .init("revision", .integer(record.revision)),
      .init("interval_start", .optional(record.identity.interval?.start.text())),
      .init("interval_end", .optional(record.identity.interval?.end.text())),
      .init("running", .boolean(isOwned)), .init("failures", .integer(record.failures)),
      .init("rows_read", .integer(record.totals.rows.read)),
      .init("rows_quarantined", .integer(record.totals.rows.quarantined)),
      .init("chunks_done", .integer(record.totals.chunks)),
      .init("created_at", .string(record.createdAt.text())),
      .init("updated_at", .string(record.updatedAt.text())),
      .init("finished_at", .optional(record.finishedAt?.text())),
      .init("fault", record.fault.map { FaultText(fault: $0).json } ?? .null),
      .init("needs_person", .boolean(urgency == 0)), .init("action", .string(action)),
    ])
  }
}
