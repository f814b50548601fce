package import Model

/// What a purge removed.
package struct PurgeCounts: Hashable, Sendable {
  package var runs = 0
  package var rejections = 0
  package var fires = 0
  package var notices = 0
  package var events = 0

  package init() {}
}

extension Store {
  /// Deletes what a job's retention no longer keeps: runs that are over, with their fires, notices
  /// and trail, and rejected rows, which may go earlier; those that an unfinished replay needs stay.
  ///
  /// The newest success of each identity stays, whatever its age: without it the identity would be
  /// run anew. It keeps its record and loses its blocks. Lock files go that processes have left which died at the end
  /// of their runs.
  package func purge(project: String, job: JobName, runsBefore: Instant, quarantineBefore: Instant)
    async throws -> PurgeCounts
  {
    try await removeLocksLeft()
    return try await database.transaction(.write(.purge)) { tx in
      var counts = PurgeCounts()
      let which: [StateValue] = [.text(project), .text(job.text)]
      counts.rejections = try await tx.run(
        """
        DELETE FROM rejections WHERE run_id IN (
          SELECT run_id FROM runs
          WHERE project = $1 AND job = $2 AND is_open = 0 AND finished_at < $3
            AND NOT EXISTS (
              SELECT 1 FROM runs AS replay WHERE replay.replay_of = runs.run_id AND replay.is_open = 1))
        """, which + [.instant(quarantineBefore)])
      try await tx.run(
        """
        DELETE FROM blocks WHERE run_id IN (
          SELECT run_id FROM runs
          WHERE project = $1 AND job = $2 AND is_open = 0 AND finished_at < $3)
        """, which + [.instant(runsBefore)])
      let old = try await tx.rows(
        """
        SELECT run_id FROM runs
        WHERE project = $1 AND job = $2 AND is_open = 0 AND finished_at < $3
          AND (state <> 'succeeded' OR EXISTS (
            SELECT 1 FROM runs AS newer WHERE newer.identity = runs.identity
              AND newer.state = 'succeeded' AND newer.revision > runs.revision))
        """, which + [.instant(runsBefore)]
      ).map { [StateValue.text(try $0.text("run_id"))] }
      for run in old {
        counts.fires += try await tx.run("DELETE FROM fires WHERE run_id = $1", run)
        counts.notices += try await tx.run(
          "DELETE FROM notices WHERE run_id = $1 AND state <> 'due'", run)
        counts.events += try await tx.run("DELETE FROM events WHERE subject = $1", run)
        counts.runs += try await tx.run("DELETE FROM runs WHERE run_id = $1", run)
      }
      return counts
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
