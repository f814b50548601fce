internal import Engine
internal import Model
internal import StateStore

/// The runs of a job, or of one row of its matrix, that stand for its schedule: those with the parameters that its clock
/// gives, and those that its schedule has started with others. One that somebody has given parameters by hand makes
/// something else of the same interval.
struct OwnRuns: Sendable {
  var store: Store
  var project: String
  var job: JobName
  var row: String
  /// `nil` where they are not known: then every run counts.
  var parameters: [String: String]?

  /// The intervals that they have covered, overlapping `range`.
  /// - Parameter isRead: without those of which one has replaced a part.
  func succeeded(in range: TimeRange, isRead: Bool = false) async throws -> [TimeRange] {
    try await store.succeededIntervals(
      project: project, job: job, matrixRow: row, parameters: parameters,
      orStartedBy: RunRequest.Starter.schedule.rawValue, isRead: isRead, in: range)
  }

  /// Those that have failed and not been gone on with since.
  func failed() async throws -> [RunRecord] {
    try await store.runs(
      RunFilter(project: project, job: job, matrixRow: row, states: [.failed], limit: 100_000)
    ).filter { run in
      parameters == nil || run.identity.parameters == parameters
        || run.settings["started_by"]?.stringValue == RunRequest.Starter.schedule.rawValue
    }
  }
}
