package import Model

/// What a fire waits for that a run of this very process may bring about by its end.
package enum Awaited: Hashable, Sendable {
  /// A place of this name: of a pool, of the job, of the project.
  case place(String)
  /// What becomes of a job under `after`.
  case upstream(JobName)

  var isPlace: Bool {
    if case .place = self { true } else { false }
  }
}
