package import Model

/// What a purge removed.
package struct PurgeCounts: Hashable, Sendable {
  package var runs = 0
  package var rejections = 0
  package var fires = 0
  package var notices = 0
  package var events = 0

  package init() {}

  fileprivate mutating func add(_ other: PurgeCounts) {
    runs += other.runs
    rejections += other.rejections
    fires += other.fires
    notices += other.notices
    events += other.events
  }
}

extension Store {
  /// Deletes what a job's retention no longer keeps: runs that are over, with their fires, notices
  /// and trail, and rejected rows, which may go earlier; those that an unfinished replay needs stay.
  ///
  /// The newest success of each identity stays, whatever its age: without it the identity would be
  /// run anew. It keeps its record and loses its blocks. What a trigger has fired stays as well: its file or event may be
  /// there still, and must not fire again; so does the newest fire of the clock, which says where the next interval begins
  /// under `span: fire`. Of fires that no run was made for those go that have been closed for as long;
  /// what keeps any from being made anew is how far the ledger goes, which stays. Lock files go that processes have left which died at the end
  /// of their runs.
  package func purge(project: String, job: JobName, runsBefore: Instant, quarantineBefore: Instant)
    async throws -> PurgeCounts
  {
    try await removeLocksLeft()
    var counts = PurgeCounts()
    while true {
      let (some, isAll) = try await purgeSome(
        [.text(project), .text(job.text)], runsBefore, quarantineBefore)
      counts.add(some)
      if isAll { return counts }
    }
  }

  /// Of how many runs one transaction deletes something at most: it is to take less time than a statement may.
  private static let mostRuns: Int64 = 50
  private static let mostFires = 500

  /// - Returns: what it removed, and whether nothing is left to remove.
  private func purgeSome(
    _ which: [StateValue], _ runsBefore: Instant, _ quarantineBefore: Instant
  ) async throws -> (PurgeCounts, isAll: Bool) {
    let most = StateValue.integer(Store.mostRuns)
    return try await database.transaction(.write(.purge)) { tx in
      func runs(_ sql: StaticString, _ before: Instant) async throws -> [[StateValue]] {
        try await tx.rows(sql, which + [.instant(before), most]).map { [.text(try $0.text("run_id"))] }
      }
      var counts = PurgeCounts()
      let rejecting = try await runs(
        """
        SELECT run_id FROM runs
        WHERE project = $1 AND job = $2 AND is_open = 0 AND finished_at < $3
          AND EXISTS (SELECT 1 FROM rejections WHERE rejections.run_id = runs.run_id)
          AND NOT EXISTS (
            SELECT 1 FROM runs AS replay WHERE replay.replay_of = runs.run_id AND replay.is_open = 1)
        LIMIT $4
        """, quarantineBefore)
      for run in rejecting {
        counts.rejections += try await tx.run("DELETE FROM rejections WHERE run_id = $1", run)
      }
      let partial = try await runs(
        """
        SELECT run_id FROM runs
        WHERE project = $1 AND job = $2 AND is_open = 0 AND finished_at < $3
          AND EXISTS (SELECT 1 FROM blocks WHERE blocks.run_id = runs.run_id)
        LIMIT $4
        """, runsBefore)
      try await tx.runEach("DELETE FROM blocks WHERE run_id = $1", partial)
      let old = try await runs(
        """
        SELECT run_id FROM runs
        WHERE project = $1 AND job = $2 AND is_open = 0 AND finished_at < $3
          AND (state <> 'succeeded' OR EXISTS (
            SELECT 1 FROM runs AS newer WHERE newer.identity = runs.identity
              AND newer.state = 'succeeded' AND newer.revision > runs.revision))
          AND (state <> 'cancelled' OR NOT EXISTS (
              SELECT 1 FROM sinks WHERE sinks.run_id = runs.run_id AND committed_at IS NOT NULL)
            OR EXISTS (
              SELECT 1 FROM runs AS newer WHERE newer.identity = runs.identity
                AND newer.state = 'succeeded' AND newer.revision > runs.revision))
        LIMIT $4
        """, runsBefore)
      for run in old {
        counts.fires += try await tx.run(
          """
          DELETE FROM fires
          WHERE run_id = $1 AND (closed_at IS NULL OR parameters IS NULL AND EXISTS (
            SELECT 1 FROM fires AS newer
            WHERE newer.project = fires.project AND newer.job = fires.job
              AND newer.matrix_row = fires.matrix_row AND newer.parameters IS NULL AND newer.fire > fires.fire))
          """, run)
        try await tx.run("UPDATE fires SET run_id = NULL WHERE run_id = $1", run)
        counts.notices += try await tx.run(
          "DELETE FROM notices WHERE run_id = $1 AND state <> 'due'", run)
        counts.events += try await tx.run("DELETE FROM events WHERE subject = $1", run)
        counts.runs += try await tx.run("DELETE FROM runs WHERE run_id = $1", run)
      }
      // Of what was missed: no run takes them along.
      counts.notices += try await tx.run(
        """
        DELETE FROM notices
        WHERE project = $1 AND job = $2 AND run_id IS NULL AND state <> 'due' AND finished_at < $3
        """, which + [.instant(runsBefore)])
      // Those of an interval that is waited for say since when, and those behind the last success how many in a row failed.
      let idle = try await tx.rows(
        """
        SELECT matrix_row, fire FROM fires AS old
        WHERE project = $1 AND job = $2 AND fire < $3 AND closed_at < $3
          AND run_id IS NULL AND parameters IS NULL
          AND fire < (
            SELECT fire FROM fires AS newest
            WHERE newest.project = $1 AND newest.job = $2 AND newest.matrix_row = old.matrix_row
              AND newest.parameters IS NULL
            ORDER BY newest.fire DESC LIMIT 1)
          AND (outcome NOT IN ('already_done', 'failed_to_start') OR EXISTS (
            SELECT 1 FROM fires AS later
            WHERE later.project = $1 AND later.job = $2 AND later.matrix_row = old.matrix_row
              AND later.outcome IN ('ran', 'late', 'caught_up', 'already_done')
              AND later.closed_at > old.closed_at))
          AND NOT EXISTS (
            SELECT 1 FROM fires AS open
            WHERE open.outcome IN ('pending', 'claimed') AND open.project = $1 AND open.job = $2
              AND open.matrix_row = old.matrix_row AND open.interval_start = old.interval_start
              AND open.interval_end = old.interval_end)
        LIMIT $4
        """, which + [.instant(runsBefore), .integer(Store.mostFires)]
      ).map { row throws(Fault) -> [StateValue] in
        which + [.text(try row.text("matrix_row")), .instant(try row.instant("fire"))]
      }
      try await tx.runEach(
        "DELETE FROM fires WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire = $4", idle)
      counts.fires += idle.count
      let isAll = [rejecting, partial, old].allSatisfy { $0.count < Store.mostRuns }
      return (counts, isAll: isAll && idle.count < Store.mostFires)
    }
  }

  private func removeLocksLeft() async throws {
    guard case .lockFiles(let locks) = owners else { return }
    for run in try locks.runs() where try await self.run(run)?.state.isFinal != false {
      // Whoever is at its end removes it itself.
      if try !locks.isHeld(run) { try locks.remove(run) }
    }
  }
}
