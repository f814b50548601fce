internal import Expressions
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Storing rows while they are read.
extension Publisher {
  /// Reads the run's chunks, and stores their rows meanwhile where nobody minds: `storedAhead` then turns them into
  /// the result.
  /// - Parameter read: reads all chunks, and tells of each that is done.
  func storingAhead(
    _ maker: ResultMaker, while read: (ChunkRelay?) async throws -> Void
  ) async throws {
    guard let table = tableAhead(maker.work) else { return try await read(nil) }
    let store = AheadStore(
      publication(table, resultHash: nil), token: table.token, maker: maker, checks: checks, asker: asker)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await store.store() }
        // Where reading fails the group is cancelled, and waited for.
        try await read(store.relay)
        store.relay.end()
        try await group.waitForAll()
      }
    } catch {
      await store.take()?.rows.abandon()
      throw error
    }
    ahead = await store.take()
  }

  /// The one table that the result makes, where that may be done in a transaction as long as the reading, over a
  /// connection that has nothing else to do meanwhile: on the server that the snapshot keeps from cleaning up for
  /// just as long, without a limit to statements, and without one to reading, which is set to be in nobody's way.
  /// Nor with a check that holds values, which take as much memory as the readers do.
  private func tableAhead(_ work: ChunkWork) -> Table? {
    let limits = request.job.limits
    let keepsValues = checks.contains { check in
      if case .unique = check.condition { return true }
      return false
    }
    guard !keepsValues, tables.count == 1, files.isEmpty, let table = tables.first, table.target.create,
      table.facts == nil, !table.isByChunk, table.target.beforePublish.isEmpty, !work.isSorted,
      run.replayOf == nil,
      limits.statementTimeout == nil, limits.maximumRowsPerSecond == nil, limits.maximumReplicationLag == nil,
      plan.sources.contains(where: {
        $0.connection == table.target.connection && $0.consistency == .snapshot
      })
    else { return nil }
    return table
  }

  /// Makes rows that were stored while they were read the result, within the transaction that publishes it.
  /// - Returns: `nil` where there are none, or where they are of no use any more.
  func storedAhead() async throws -> ResultMaker.Made? {
    guard let stored = ahead.take(), let table = tables.first else { return nil }
    if stored.made.rows == 0 {
      await stored.rows.abandon()
      return nil
    }
    do {
      open = try await stored.rows.open(publication(table, resultHash: nil), token: table.token)
    } catch let fault as Fault where fault.isWorthAnotherTry {
      environment.report(run.id, .waiting(reason: "\(fault.sentence); trying again"))
      await asker.drop(table.target.connection)
    }
    if open == nil { return nil }
    try judge(stored.made)
    return stored.made
  }
}
