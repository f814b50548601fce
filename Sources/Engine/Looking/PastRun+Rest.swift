package import Model
internal import Planning
internal import Sinks
internal import StateStore

/// What a run leaves behind whose rest is given up: the stores that hold its result, and those that never will.
package struct PartialResult: Hashable, Sendable {
  /// As the job names them.
  package var held: [String]
  package var missing: [String]
  /// Those that hold it, as the state names them; all of them where none is known to, and one could not be asked.
  package var sinks: [String]
  /// Why a target could not be asked, where one could not: it may hold the result all the same.
  package var failure: Fault?

  package init(held: [String], missing: [String], sinks: [String], failure: Fault?) {
    self.sinks = sinks
    self.held = held
    self.missing = missing
    self.failure = failure
  }
}

extension PastRun {
  /// Takes targets and files away from whoever had a run that has published into some of its stores, and shall not
  /// publish into the others any more. A target that cannot be reached, or whose connection is gone, holds up nothing.
  /// - Throws: `Fault` of the output folder; of a saved job that cannot be read.
  package func giveUpRest() async throws -> PartialResult {
    let (job, references, parts, failure) = try await takeTargets { _ in false }
    try Publisher.fenceFiles(
      of: job, references: references, identity: record.identity, run: record.id, in: environment)
    let marks = try await environment.store.sinkMarks(of: record.id)
    let holding = Set(marks.filter { $0.committedAt != nil }.map(\.sink)).union(parts.whole).union(
      try Publisher.appearedFiles(of: job, references: references, marks: marks, in: environment))
    var (held, missing): ([String], [String]) = ([], [])
    for (position, rule) in job.sinks.enumerated() {
      let name = try Publisher.name(of: rule, references, in: environment)
      if holding.contains(TargetResolver.name(position, rule)) {
        held.append(name)
      } else {
        missing.append(name)
      }
    }
    // What cannot be asked may hold it: by that the next run is a new revision.
    let isUnknown = holding.isEmpty && failure != nil
    return PartialResult(
      held: held, missing: missing, sinks: marks.map(\.sink).filter { isUnknown || holding.contains($0) },
      failure: failure.map(Fault.init(describing:)))
  }
}
