package import Model
internal import Postgres
internal import StateStore

extension PastRun {
  /// Takes targets and files away from whoever still works on a run that is given up: an owner that sleeps, or
  /// does not hear, can publish no more chunk, commit nothing and rename no file. A run past its first commit
  /// keeps what it needs to go forward. Other runs of the identity lose nothing.
  ///
  /// To be done behind `requestCancel`: an owner that comes to its sinks later finds the request.
  /// - Returns: whether the run is past its first commit, by what the targets and the output folder say, and can go on
  ///   from there. Where it is not, nothing of it will be committed any more. A state that was copied before all chunks
  ///   were done can only give it up.
  /// - Throws: `Fault` of a target that cannot be reached, or of a saved job that cannot be read.
  package func raiseFences() async throws -> Bool {
    let (bound, context) = try await begun
    let references = context.references(of: record.id)
    let asker = PlanAsker(environment: environment, job: bound.job.name, run: record.id, session: session)
    let search = CommitSearch(asker: asker, project: environment.project, references: references)
    let result: Result<(isPastFirstCommit: Bool, failure: (any Error)?), any Error>
    do {
      result = .success(try await search.takeAway(from: record, of: bound.job))
    } catch {
      result = .failure(error)
    }
    await asker.close()
    var (isPastFirstCommit, failure) = try result.get()
    let marks = try await environment.store.sinkMarks(of: record.id)
    func hasFile() throws -> Bool {
      try !Publisher.appearedFiles(
        of: bound.job, references: references, marks: marks, in: environment
      ).isEmpty
    }
    if !isPastFirstCommit { isPastFirstCommit = try hasFile() }
    if !isPastFirstCommit {
      try Publisher.fenceFiles(
        of: bound.job, references: references, identity: record.identity, run: record.id, in: environment)
      // One may have appeared just before; from here on none does.
      isPastFirstCommit = try hasFile()
    }
    if !isPastFirstCommit, let failure { throw failure }
    if !isPastFirstCommit { return false }
    let (all, done) = try await environment.store.chunkCounts(of: record.id)
    return done >= all
  }

  /// The job that a run went by when it came to its sinks.
  /// - Returns: `nil` where it has not come so far, or what was saved is damaged.
  /// - Throws: `Fault` of the state store; `Faults` where the saved job cannot be read any more.
  package static func committedJob(
    of run: RunID, in environment: EngineEnvironment
  ) async throws -> (job: Job, text: String)? {
    do {
      let saved = try Commitment(bytes: try await environment.store.commitment(of: run))
      return (try environment.readJob(saved.jobText, saved.jobFile), saved.jobText)
    } catch let fault as Fault where fault.kind == .data {
      return nil
    }
  }

  /// What the run went by when it came to its sinks; where that is damaged, what the job says now.
  var begun: (RunRequest, RunContext) {
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
