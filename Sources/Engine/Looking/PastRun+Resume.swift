internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import StateStore

/// What going on with a run would keep and do again.
package struct ResumePreview: Sendable {
  package var finishedChunks: Int
  package var finishedRows: Int64
  package var allChunks: Int
  package var isKept: Bool
  package var reason: String
  /// Stores that have committed: past the first, the source is not read again.
  package var committedSinks: [String]
}

extension PastRun {
  /// Judges as an attempt would, and changes nothing.
  /// - Throws: as an attempt would, of the job and its databases.
  package func resumePreview() async throws -> ResumePreview {
    let store = environment.store
    let finished = try await store.finishedChunks(of: record.id)
    let marks = try await store.sinkMarks(of: record.id)
    let committed = marks.filter { $0.committedAt != nil }.map(\.sink)
    return try await planned { plan, asker in
      var preview = ResumePreview(
        finishedChunks: finished.count, finishedRows: finished.map(\.counts.read).reduce(0, +),
        allChunks: plan.chunks.count, isKept: !finished.isEmpty, reason: "", committedSinks: committed)
      guard let bytes = try await store.plan(of: record.id), let saved = record.fingerprint else {
        preview.reason = "it has no plan yet"
        return preview
      }
      if let refusal, committed.isEmpty {
        // Asking a target raises a fence there, and this changes nothing.
        preview.reason =
          "it is finished as it was begun if a target holds some of it, and refused otherwise: \(refusal.all.map(\.sentence).joined(separator: "; "))"
        return preview
      }
      let chunks = try SavedChunks(bytes: bytes)
      preview.allChunks = chunks.chunks.count
      if !committed.isEmpty {
        preview.reason = "a part of its result is published: it only publishes"
        return preview
      }
      if marks.contains(where: \.isByChunk) {
        preview.isKept = true
        preview.reason = "they are published chunk by chunk, and stay whatever has changed"
        return preview
      }
      if let origin = record.replayOf {
        preview.reason = "it replays rows of run \(origin)"
        return preview
      }
      let lookups = try await LookupLoader(
        asker: asker, root: environment.project.root, session: session
      ).load(plan.lookups) { _, _ in }
      let servers = await asker.servers
      let keys = try PseudonymKeys(of: plan, values: environment.values)
      let marks = PlanMarks(
        plan, context: context, lookups: lookups.hashes, keyMarks: keys.marks,
        databases: servers.mapValues(\.database), zoneVersion: environment.zones.dataVersion)
      if marks.fingerprint(replayOf: nil) != saved || !chunks.cover(plan) {
        preview.isKept = false
        preview.reason =
          "the job, its lookups, or the source's columns, keys or partitions have changed: a new run takes its place"
        return preview
      }
      if finished.isEmpty { return preview }
      var plan = plan
      chunks.bind(&plan)
      let verdict = try await judge(finished, plan, servers)
      preview.isKept = verdict.isKept
      preview.reason = verdict.reason
      return preview
    }
  }

  private func judge(
    _ finished: [ChunkRecord], _ plan: Plan, _ servers: [String: ServerFacts]
  ) async throws -> ResumeJudge.Verdict {
    var holders: [String: SnapshotHolder] = [:]
    let verdict: Result<ResumeJudge.Verdict, any Error>
    do {
      for name in plan.connections.sorted() {
        holders[name] = try await SnapshotHolder.open(
          environment.settings(name, run: nil, job: request.job.name), session: session,
          locking: plan.sources.filter { $0.connection == name }.flatMap(\.locked))
      }
      verdict = .success(
        try await ResumeJudge(plan: plan, holders: holders, serverFacts: servers).judge(finished))
    } catch {
      verdict = .failure(error)
    }
    for holder in holders.values { await holder.close() }
    return try verdict.get()
  }
}
