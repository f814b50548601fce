internal import Model
internal import StateStore

/// One run in a list: where it stands and what somebody could do about it.
struct RunLine {
  private let record: RunRecord
  private let isOwned: Bool
  /// Only a part of its result is published.
  private let isHalf: Bool
  private let now: Instant
  /// When it is tried again by itself: `at 03:12`.
  private let retry: String?
  private let intervals: IntervalText

  init(
    _ record: RunRecord, in store: Store, now: Instant, intervals: IntervalText, retry: String? = nil
  ) async throws {
    isOwned = try await store.isOwned(record.id)
    isHalf = try await store.isHalf(record)
    self.record = record
    self.intervals = intervals
    self.now = now
    self.retry = retry
  }

  var name: String { record.identity.subject }

  /// 0 needs a person, 1 waits for somebody to go on, 2 is going on, 3 is well.
  var urgency: Int {
    switch record.state {
    case .failed: isOwned ? 2 : retry == nil ? 0 : 1
    case .cancelled where isHalf: 0
    case .succeeded, .superseded, .cancelled: 3
    default: isOwned ? 2 : 1
    }
  }

  private var mark: String {
    switch urgency {
    case 0: "✗"
    case 1: "!"
    case 2: "…"
    default: record.state == .cancelled ? "–" : "✓"
    }
  }

  var action: String {
    switch record.state {
    case .failed:
      if isOwned { return "being tried again" }
      let fault = record.fault.map(RunLine.told) ?? "see `tidemark show`"
      return retry.map { "retries by itself \($0): \(fault)" } ?? "needs you: \(fault)"
    case .succeeded: return "done"
    case .superseded: return "another run took its place"
    case .cancelled: return isHalf ? "needs you: only a part of its result is published" : "cancelled"
    case .interrupted: return isOwned ? "going on" : "stopped; `tidemark resume \(record.id)` goes on"
    default: return isOwned ? "going on" : "its process died; `tidemark resume \(record.id)` goes on"
    }
  }

  /// Of data the sentence says where, and the cause what.
  private static func told(_ fault: Fault) -> String {
    let cause = fault.kind == .data ? fault.cause.map { ": \($0)" } ?? "" : ""
    return FaultText.oneLine(fault.sentence + cause)
  }

  /// The one thing that is safe to do now, with the command for it where there is one.
  var next: String {
    switch record.state {
    case .failed where !isOwned:
      if let retry { return "nothing: it retries by itself \(retry)" }
      let place = record.fault?.place.map { " (\($0.file):\($0.line))" } ?? ""
      return "put right what the fault says\(place), then `tidemark resume \(record.id)`"
    case .succeeded where record.totals.rows.quarantined > 0:
      return "nothing, or look at the rejected rows: `tidemark quarantine show \(record.id)`"
    case .succeeded, .superseded: return "nothing"
    case .cancelled where isHalf: return "to make a new revision for all of its stores: `\(command)`"
    case .cancelled: return "nothing; to make the interval after all: `\(command)`"
    default: return isOwned ? "nothing: it is going on" : "`tidemark resume \(record.id)`"
    }
  }

  /// Starts a run of the same interval.
  private var command: String {
    var words = ["tidemark run", name.contains("[") ? "'\(name)'" : name]
    if let label = intervals.label(record.identity) {
      words.append("--for \(label)")
    } else if let interval = record.identity.interval {
      words += ["--interval-start \(interval.start.text())", "--interval-end \(interval.end.text())"]
    }
    for (name, value) in record.identity.parameters.sorted(by: { $0.key < $1.key }) {
      words.append("--set '\(name)=\(value.replacing("'", with: "'\\''"))'")
    }
    return words.joined(separator: " ")
  }

  var interval: String { intervals.text(record.identity) }

  /// `lim=8, tenant=acme`; `nil` for a run without parameters.
  var parameters: String? {
    let parameters = record.identity.parameters
    if parameters.isEmpty { return nil }
    return parameters.sorted { $0.key < $1.key }.map { "\($0)=\(FaultText.oneLine($1))" }
      .joined(separator: ", ")
  }

  private var age: String {
    let seconds = Double(now.microseconds - record.updatedAt.microseconds) / 1e6
    return Quantity.seconds(max(seconds, 0)) + " ago"
  }

  /// - Parameter hasParameters: there is a column for them.
  func cells(hasParameters: Bool) -> [String] {
    [mark, name, record.state.rawValue, interval] + (hasParameters ? [parameters ?? ""] : [])
      + [record.id.text, age, action]
  }

  var json: JSONValue {
    .object([
      .init("job", .string(record.identity.job.text)),
      .init("matrix_row", record.identity.matrixRow.isEmpty ? .null : .string(record.identity.matrixRow)),
      .init("run", .string(record.id.text)), .init("state", .string(record.state.rawValue)),
      .init("revision", .integer(record.revision)),
      .init("interval", .optional(intervals.label(record.identity))),
      .init("interval_start", .optional(record.identity.interval?.start.text())),
      .init("interval_end", .optional(record.identity.interval?.end.text())),
      .init("parameters", record.identity.parametersJSON),
      .init("running", .boolean(isOwned)), .init("failures", .integer(record.failures)),
      .init("rows_read", .integer(record.totals.rows.read)),
      .init("rows_quarantined", .integer(record.totals.rows.quarantined)),
      .init("chunks_done", .integer(record.totals.chunks)),
      .init("created_at", .string(record.createdAt.text())),
      .init("updated_at", .string(record.updatedAt.text())),
      .init("finished_at", .optional(record.finishedAt?.text())),
      .init("fault", record.fault.map { FaultText(fault: $0).json } ?? .null),
      .init("needs_person", .boolean(urgency == 0)), .init("retries", .optional(retry)),
      .init("action", .string(action)), .init("next", .string(next)),
    ])
  }
}
