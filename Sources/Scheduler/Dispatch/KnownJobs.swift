internal import Model

/// The jobs of a project as their files have them now, for those that wait for them.
package struct KnownJobs: Sendable {
  private let rows: [JobName: [ScheduledJob]]

  /// - Parameter jobs: every row of every job's matrix.
  package init(_ jobs: [ScheduledJob] = []) {
    rows = Dictionary(grouping: jobs, by: \.id.job)
  }

  /// The rows of the job's matrix; those that are gone from it hold up nobody. `nil` where the job is not known.
  func rows(of job: JobName) -> [String]? { rows[job]?.map(\.id.row) }

  /// What the job's clock gives for parameters; `nil` where the job is not known.
  func clockParameters(of job: ScheduledJob.ID) -> [String: String]? {
    rows[job.job]?.first { $0.id == job }?.clockParameters
  }
}
