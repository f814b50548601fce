internal import Model
internal import StateStore

/// What a run that was begun before is gone on by: the present job, or what was saved before its first commit.
struct ResumeContext {
  let context: RunContext
  /// Why the run cannot go by the present job, and what it was begun by, which counts only where it has published
  /// something; `nil` where nothing is wrong with the present job.
  let refusal: (faults: Faults, begun: RunRequest)?

  /// - Parameter request: the present job, with the run's interval, parameters and matrix row.
  /// - Throws: `Faults` of the present job where the run has not come to its sinks; `Fault` of the state store, or
  ///   `bad_plan`.
  init(_ record: RunRecord, _ request: RunRequest, in environment: EngineEnvironment) async throws {
    do {
      context = try RunContext(of: record, request, in: environment)
      refusal = nil
    } catch let faults as Faults {
      let saved = try await environment.store.commitment(of: record.id)
      let marks = try await environment.store.sinkMarks(of: record.id)
      if saved.isEmpty || marks.isEmpty { throw faults }
      let (begun, context) = try Commitment(bytes: saved).request(for: record, request, in: environment)
      self.context = context
      refusal = (faults, begun)
    }
  }
}

extension RunContext {
  /// That of a run that there is, by the present job.
  /// - Throws: `Fault` or `Faults` of the job, its parameters or interval.
  init(of record: RunRecord, _ request: RunRequest, in environment: EngineEnvironment) throws {
    try self.init(
      request, matrixRowName: record.identity.matrixRow, now: environment.now(), zones: environment.zones)
    identity = record.identity
    begin(as: record)
  }

  /// Goes by the moment for which a run that there is was begun.
  mutating func begin(as record: RunRecord) {
    if let moment = record.settings["fire_time"]?.intValue {
      begin(at: Instant(microseconds: Int64(moment)))
    }
  }
}
