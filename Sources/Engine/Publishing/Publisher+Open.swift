internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Making the result within the publish.
extension Publisher {
  /// Makes the result within the transaction that publishes it, where one table takes it: the server stores the first
  /// rows while the last ones are merged, and nothing is kept besides. Nobody sees the rows before the COMMIT, which
  /// comes when files and checks are done and the state knows that the run publishes.
  /// - Returns: `nil` where the result must be kept first: for several tables, for `before_publish`, which is for
  ///   results that have passed their checks, and where it was published before or the target
  ///   fails for a while.
  func published(_ maker: ResultMaker, _ token: FencingToken) async throws -> ResultMaker.Made? {
    guard tables.count == 1, let table = tables.first, !table.isByChunk, table.target.beforePublish.isEmpty
    else { return nil }
    let marks = try await environment.store.sinkMarks(of: run.id)
    if marks.contains(where: { $0.committedAt != nil }) { return nil }
    do {
      let opened = try await tablePublisher(table).open(
        publication(table, resultHash: nil), token: table.token
      ) { writer in
        try await make(maker, into: ResultCopy(schema: plan.result, to: writer), token)
      }
      guard let opened else { return nil }
      if opened.made.rows == 0, table.target.onEmpty == .keep {
        await opened.publication.abandon()
        try keepNothing(maker)
        return opened.made
      }
      open = opened.publication
      return opened.made
    } catch let fault as Fault where fault.isWorthAnotherTry {
      // Whether the target comes back in time is seen once the result is kept.
      environment.report(run.id, .waiting(reason: "\(fault.sentence); trying again"))
      await asker.drop(table.target.connection)
      return nil
    }
  }
}
