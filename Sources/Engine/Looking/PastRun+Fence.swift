package import Model
internal import Sinks
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
    // Where the whole result is in one target the run can only go forward.
    let (job, references, parts, failure) = try await takeTargets { !$0.whole.isEmpty }
    var isPastFirstCommit = !parts.whole.isEmpty
    let marks = try await environment.store.sinkMarks(of: record.id)
    func hasFile() throws -> Bool {
      try !Publisher.appearedFiles(
        of: job, references: references, marks: marks, in: environment
      ).isEmpty
    }
    if !isPastFirstCommit { isPastFirstCommit = try hasFile() }
    if !isPastFirstCommit {
      try Publisher.fenceFiles(
        of: job, references: references, identity: record.identity, run: record.id, in: environment)
      // One may have appeared just before; from here on none does.
      isPastFirstCommit = try hasFile()
    }
    if !isPastFirstCommit, let failure { throw failure }
    if !isPastFirstCommit {
      // Where there is no chunk, none comes any more.
      try await environment.store.forgetChunks(of: record.id, except: Set(parts.chunks.keys))
      return false
    }
    let (all, done) = try await environment.store.chunkCounts(of: record.id)
    return done >= all
  }

  /// Takes the targets away from whoever works on the run, by the job that it went by.
  /// - Parameter isEnough: told what they hold, as far as they were asked; ends the search.
  /// - Returns: that job, with its references, what the targets hold, and the fault of one that could not be asked.
  func takeTargets(until isEnough: (PublishedParts) -> Bool) async throws -> (
    job: Job, references: ReferenceScope, parts: PublishedParts, failure: (any Error)?
  ) {
    let (bound, context) = try await begun
    let references = context.references(of: record.id)
    let (parts, failure) = try await asking(for: record.id) { asker in
      try await CommitSearch(asker: asker, project: environment.project, references: references)
        .takeAway(from: record, of: bound.job, until: isEnough)
    }
    return (bound.job, references, parts, failure)
  }

  /// The job that a run went by when it came to its sinks.
  /// - Returns: `nil` where it has not come so far, or what was saved is damaged.
  /// - Throws: `Fault` of the state store; `Faults` where the saved job cannot be read any more.
  package static func committedJob(
    of run: RunID, in environment: EngineEnvironment
  ) async throws -> (job: Job, text: String)? {
    do {
      let saved = try Commitment(bytes: try await environment.store.commitment(of: run))
      return (try environment.readJob(saved.jobText, saved.jobFile, saved.defaults), saved.jobText)
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
