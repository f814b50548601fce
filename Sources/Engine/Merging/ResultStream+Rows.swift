internal import Compute
internal import Model
internal import Runtime

extension ResultStream {
  /// Feeds the stream from its inputs to its end, and hands out the result's rows.
  /// - Throws: `DamagedChunk` for a stored partial that cannot be used; what `body` throws.
  func forEachBatch(
    of inputs: [any SortedRun], _ body: (borrowing Batch) async throws -> Void
  ) async throws {
    while true {
      switch try next() {
      case .need(let input):
        if let block = try await inputs[input].next() {
          do throws(Fault) { try offer(block, to: input) } catch { throw inputs[input].blame(error) }
        } else {
          end(input)
        }
        try Failpoint.hit(.mergeMiddle)
      case .rows(let batch):
        try await body(batch)
        try Task.checkCancellation()
      case .done: return
      }
    }
  }
}
