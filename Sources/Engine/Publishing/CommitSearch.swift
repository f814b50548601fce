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

  /// Takes the targets away from whoever works on a run.
  /// - Parameter isEnough: told what is found so far: where it says so, nothing is put in the run's way in further targets.
  /// - Returns: what they hold, and the fault of one that could not be asked, behind all others.
  func takeAway(
    from run: RunRecord, of job: Job, until isEnough: (PublishedParts) -> Bool
  ) async throws -> (parts: PublishedParts, failure: (any Error)?) {
    var found = PublishedParts()
    var failure: (any Error)?
    for target in try targets(of: job) {
      do {
        found.add(try await publisher(target).takeAway(from: run.id, identity: run.identity))
        if isEnough(found) { break }
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
  private func targets(of job: Job) throws -> [String] {
    var names: [String] = []
    for case .table(let rule) in job.sinks {
      let name = try NameResolver(references: references).text(rule.connection)
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// - Throws: `Fault` also where the project has that connection no more: then nobody can say what the target holds.
  private func publisher(_ connection: String) async throws -> TablePublisher {
    guard let rule = project.connections[connection] else {
      throw Fault(
        "unknown_connection", .config, "There is no connection `\(connection)`",
        hint: "Name it under `connections:` in tidemark.yaml")
    }
    return try await asker.publisher(on: rule.name, ledger: Identifier(rule.ledgerSchema))
  }
}
