internal import Model
internal import StateStore
internal import Synchronization

/// A run that did not succeed, as a document: with what somebody needs to show it, to go on with it or to cancel it.
struct FailedRun {
  /// `nil` where none had been begun.
  private let run: RunID?
  private let record: RunRecord?
  private let job: JobName
  private let row: String
  private let intervals: IntervalText
  private let faults: [Fault]

  init(
    _ run: RunID?, in store: Store, job: JobName, row: String, intervals: IntervalText, faults: [Fault]
  ) async {
    self.run = run
    (self.job, self.row, self.intervals, self.faults) = (job, row, intervals, faults)
    do {
      record = if let run { try await store.run(run) } else { nil }
    } catch {
      // What ended the run matters more than that the state cannot be asked now.
      record = nil
    }
  }

  private var unknownState: RunState { faults.first?.kind == .interrupted ? .interrupted : .failed }

  var json: JSONValue {
    let interval = record?.identity.interval
    return .object([
      .init("outcome", .string((record?.state ?? unknownState).rawValue)),
      .init("run", .optional(run?.text)),
      .init("job", .string(job.text)), .init("matrix_row", .optional(row.isEmpty ? nil : row)),
      .init("interval", .optional(record.flatMap { intervals.label($0.identity) })),
      .init("interval_start", .optional(interval?.start.text())),
      .init("interval_end", .optional(interval?.end.text())),
      .init("faults", FaultReport.json(faults)),
    ])
  }
}

/// The run that a process has begun last, or gone on with.
final class BegunRun: Sendable {
  private let begun = Mutex<RunID?>(nil)

  var id: RunID? { begun.withLock { $0 } }

  func on(_ run: RunID, _ event: RunEvent) {
    if case .opened = event { begun.withLock { $0 = run } }
  }

  /// Another one is to be begun.
  func clear() { begun.withLock { $0 = nil } }
}
