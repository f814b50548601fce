internal import Expressions
internal import Model
internal import Planning
internal import StateStore

/// The run whose rejected rows another run processes again, and what of it the replay goes by.
struct ReplayOrigin: Sendable {
  let record: RunRecord
  let saved: SavedChunks

  /// - Throws: `Fault` `partials_purged` where its plan is not kept any more.
  init(_ run: RunID, in store: Store) async throws {
    guard let record = try await store.run(run), let bytes = try await store.plan(of: run), !bytes.isEmpty
    else {
      throw Fault(
        "partials_purged", .notFound, "The partials of run \(run) are not kept any more",
        hint: "`retention.runs` says how long they are; run the interval with --again instead")
    }
    self.record = record
    saved = try SavedChunks(bytes: bytes)
  }

  /// That the partials made then and those made now can be merged, and that the rows as stored hold all
  /// that the job's steps now need.
  /// - Throws: `Fault` `replay_misfit`.
  func check(_ plan: Plan, _ marks: PlanMarks, job: Job) throws(Fault) {
    let again = "Run the interval with --again, which reads the source anew"
    if saved.signature != marks.signature {
      throw Fault(
        "replay_misfit", .validation,
        "The job aggregates otherwise than run \(record.id) did, so their partials cannot be merged",
        place: job.aggregate?.place, hint: again)
    }
    if let keys = saved.keyMarks, keys != marks.keyMarks {
      let pseudonymising = plan.pipeline.steps.first {
        if case .pseudonymise = $0.action { true } else { false }
      }
      throw Fault(
        "replay_misfit", .validation,
        "A key of `pseudonymise` is not the one that run \(record.id) had, so one value would have two pseudonyms",
        place: pseudonymising?.place, hint: again)
    }
    if let order = saved.rowOrder, order != plan.rowOrder {
      throw Fault(
        "replay_misfit", .validation,
        "The job writes its rows in another order than run \(record.id) did, so they cannot be merged",
        place: job.sinks.first?.place, hint: again)
    }
    let hidden = plan.pipeline.fetched.filter(\.isSensitive).map { "`\($0.name)`" }
    if !hidden.isEmpty {
      throw Fault(
        "replay_misfit", .validation,
        "The rows in quarantine lack \(hidden.joined(separator: ", ")), which the job uses",
        place: job.sources.first?.place, cause: "Columns under `sensitive` are never put into quarantine",
        hint: again)
    }
  }

  /// Refuses what cannot take a new revision made in part of old partials.
  /// - Throws: `Faults` `replay_append`, one a store.
  static func checkSinks(_ job: Job) throws(Faults) {
    var faults: [Fault] = []
    for sink in job.sinks {
      guard case .table(let rule) = sink, rule.mode == .append else { continue }
      faults.append(
        Fault(
          "replay_append", .validation, "Mode `append` takes no replay of rejected rows", place: rule.place,
          hint: "Use `merge`, `replace` or `replace_window`; or run the interval with --again"))
    }
    if !faults.isEmpty { throw Faults(faults) }
  }
}
