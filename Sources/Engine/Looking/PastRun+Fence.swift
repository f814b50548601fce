internal import Model
internal import Postgres
internal import StateStore

extension PastRun {
  /// Takes targets and files away from whoever still works on a run that is given up: an owner that sleeps, or
  /// does not hear, can publish no more chunk, commit nothing and rename no file. A run past its first commit
  /// keeps what it needs to go forward. Other runs of the identity lose nothing.
  ///
  /// To be done behind `requestCancel`: an owner that comes to its sinks later finds the request.
  /// - Throws: `Fault` of a target that cannot be reached, or of a saved job that cannot be read.
  package func raiseFences() async throws {
    let (bound, context) = try await begun
    var references = context.references
    references["run.id"] = .value(.text(record.id.text), .text)
    let asker = PlanAsker(environment: environment, job: bound.job.name, run: record.id, session: session)
    let search = CommitSearch(
      asker: asker, project: environment.project, references: references, session: session)
    let result: Result<(isPastFirstCommit: Bool, failure: (any Error)?), any Error>
    do {
      result = .success(try await search.takeAway(from: record, of: bound.job))
    } catch {
      result = .failure(error)
    }
    await asker.close()
    let (isPastFirstCommit, failure) = try result.get()
    if !isPastFirstCommit {
      try Publisher.fenceFiles(
        of: bound.job, references: references, identity: record.identity, run: record.id, in: environment)
    }
    if let failure { throw failure }
  }

  /// What the run went by when it came to its sinks; where that is damaged, what the job says now.
  private var begun: (RunRequest, RunContext) {
    get async throws {
      do {
        return try Commitment(bytes: try await environment.store.commitment(of: record.id))
          .request(for: record, request, in: environment)
      } catch let fault as Fault where fault.kind == .data {
        return (request, context)
      }
    }
  }
}
