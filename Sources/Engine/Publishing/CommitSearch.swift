internal import Expressions
internal import Model
internal import Planning
internal import Sinks
internal import StateStore

/// Asks the targets' ledgers what a run has published, for a run that cannot know: the answer to its
/// commit was lost, or it died before it could write it down.
struct CommitSearch {
  var asker: PlanAsker
  var project: Project
  var references: ReferenceScope

  /// What of the job's result its run has published, now that no owner before this one can.
  /// - Throws: `Fault` where a target cannot be asked: then nothing may be assumed of it.
  func parts(of job: Job, publishedBy run: RunRecord) async throws -> PublishedParts {
    var found = PublishedParts()
    for target in try targets(of: job) {
      found.add(try await publisher(target).takeAway(from: run.id, identity: run.identity))
    }
    return found
  }

  /// Takes the targets away from whoever works on a run that is given up. Where the whole result is in one already
  /// the run can only go forward, and nothing more is put in its way.
  /// - Returns: whether that is so; and the fault of a target that could not be asked, behind all others.
  func takeAway(
    from run: RunRecord, of job: Job
  ) async throws -> (isPastFirstCommit: Bool, failure: (any Error)?) {
    var failure: (any Error)?
    for target in try targets(of: job) {
      do {
        let parts = try await publisher(target).takeAway(from: run.id, identity: run.identity)
        if !parts.whole.isEmpty { return (true, failure) }
      } catch {
        failure = failure ?? error
      }
    }
    return (false, failure)
  }

  /// Takes all targets away from whoever works on a run, whatever they hold of it.
  /// - Returns: what they hold, and the fault of one that could not be asked, behind all others.
  func takeAll(
    from run: RunRecord, of job: Job
  ) async throws -> (parts: PublishedParts, failure: (any Error)?) {
    var found = PublishedParts()
    var failure: (any Error)?
    for target in try targets(of: job) {
      do {
        found.add(try await publisher(target).takeAway(from: run.id, identity: run.identity))
      } catch {
        failure = failure ?? error
      }
    }
    return (found, failure)
  }

  /// The highest serial that the targets know of other runs of a job without interval.
  func lastSerial(of job: Job, except run: RunRecord) async throws -> Int {
    var last = 0
    for target in try targets(of: job) {
      last = max(last, try await publisher(target).lastSerial(of: run.identity, except: run.id))
    }
    return last
  }

  /// The connections of the job's tables, each once.
  private func targets(of job: Job) throws -> [ConnectionRule] {
    var names: [String] = []
    for case .table(let rule) in job.sinks {
      let name = try NameResolver(references: references).text(rule.connection)
      if !names.contains(name) { names.append(name) }
    }
    return names.compactMap { project.connections[$0] }
  }

  private func publisher(_ target: ConnectionRule) async throws -> TablePublisher {
    try await asker.publisher(on: target.name, ledger: Identifier(target.ledgerSchema))
  }
}
