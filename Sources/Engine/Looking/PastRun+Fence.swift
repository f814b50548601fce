internal import Model
internal import Postgres
internal import StateStore

extension PastRun {
  /// Takes targets and files away from whoever still works on a run that is given up: an owner that sleeps, or does
  /// not hear, can publish no more chunk, commit nothing and rename no file. A run that has not come as far as its
  /// sinks holds nothing that could be taken away.
  ///
  /// To be done behind `requestCancel`: an owner that comes to its sinks later finds the request.
  /// - Throws: `Fault` of a target that cannot be reached, or of a saved job that cannot be read.
  package func raiseFences() async throws {
    let store = environment.store
    if try await store.sinkMarks(of: record.id).isEmpty { return }
    let (bound, context) = try await begun
    var references = context.references
    references["run.id"] = .value(.text(record.id.text), .text)
    try Publisher.fenceFiles(
      of: bound.job, references: references, identity: record.identity, in: environment)
    let asker = PlanAsker(environment: environment, job: bound.job.name, run: record.id, session: session)
    let result: Result<Void, any Error>
    do {
      let search = CommitSearch(
        asker: asker, project: environment.project, references: references, session: session)
      _ = try await search.parts(of: bound.job, publishedBy: record)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await asker.close()
    try result.get()
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
