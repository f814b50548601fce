internal import Model
internal import Planning
internal import Postgres
internal import StateStore

/// Judges whether the finished chunks of an earlier attempt still count, by each source's `on_resume`:
/// all of them do, or none, so that a result is of one moment.
struct ResumeJudge: Sendable {
  var plan: Plan
  /// By connection; only those of sources that must be proved are asked.
  var holders: [String: SnapshotHolder]
  var serverFacts: [String: ServerFacts]

  struct Verdict: Hashable, Sendable {
    var isKept: Bool
    /// What is kept is as if it were read now.
    var isProved: Bool
    var reason: String
  }

  func judge(_ finished: [ChunkRecord]) async throws -> Verdict {
    var (isProved, reason) = (true, "the job keeps finished chunks whatever has changed")
    for (number, source) in plan.sources.enumerated() {
      let mine = finished.filter { plan.chunks[$0.chunk.number].source == number }
      if mine.isEmpty { continue }
      if source.onResume == .keep {
        isProved = false
        continue
      }
      var doubt: String?
      if source.onResume == .recompute {
        doubt = "the job reads everything again after a stop"
      } else if !source.isProvable {
        doubt = "a query or view cannot be proved unchanged"
      } else if let holder = holders[source.connection] {
        doubt = try await firstDoubt(mine, source: source, holder: holder)
      }
      if let doubt { return Verdict(isKept: false, isProved: false, reason: doubt) }
      reason = "every finished chunk was proved unchanged"
    }
    return Verdict(isKept: true, isProved: isProved, reason: reason)
  }

  private func firstDoubt(
    _ finished: [ChunkRecord], source: PlannedSource, holder: SnapshotHolder
  ) async throws -> String? {
    for record in finished {
      guard let proof = ResumeProof(json: record.proof),
        let query = proof.query(plan.chunks[record.chunk.number])
      else { return "chunk \(record.chunk) left no proof" }
      if proof.database != serverFacts[source.connection]?.database {
        return "it is another database now"
      }
      if let doubt = proof.doubt(holder.visibility, holder.place) { return doubt }
      if proof.fileNodes != source.fileNodes { return "the table was rewritten" }
      if let doubt = try proof.doubt(await holder.query(query)) { return "chunk \(record.chunk): \(doubt)" }
    }
    return nil
  }
}
