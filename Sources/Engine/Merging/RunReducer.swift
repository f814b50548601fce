internal import Compute
internal import Model
internal import StateStore

/// Merges sorted runs among each other, into spill files, until there are no more of them than memory has room
/// to hold open at once.
struct RunReducer: Sendable {
  private let work: ChunkWork
  /// How many runs one merge holds open.
  let widest: Int

  /// A block as it is read, and the same as it was stored.
  private static let bytesPerRun = 2 << 20

  /// - Parameter memory: bytes that open runs may take together.
  init(_ work: ChunkWork, memory: Int) {
    self.work = work
    widest = max(2, memory / RunReducer.bytesPerRun)
  }

  /// All runs in one spill file.
  func merged(_ runs: [any SortedRun]) async throws -> SpillFile {
    try await merge(try await reduced(runs))
  }

  /// At most `widest` runs that hold what `runs` do. Those that were merged on the way are discarded.
  func reduced(_ runs: [any SortedRun]) async throws -> [any SortedRun] {
    var runs = runs[...]
    while runs.count > widest {
      // Only as many as need be; the merged run queues up behind, so that runs of like length meet.
      let group = runs.prefix(min(widest, runs.count - widest + 1))
      runs.removeFirst(group.count)
      runs.append(SpilledRun(try await merge(Array(group))))
    }
    return Array(runs)
  }

  private func merge(_ runs: [any SortedRun]) async throws -> SpillFile {
    let merger = try work.runMerger(inputs: runs.count)
    var file = try work.spills.makeFile()
    while true {
      switch try merger.next() {
      case .block(let block):
        try file.append(block)
        try Task.checkCancellation()
      case .need(let input):
        guard let block = try await runs[input].next() else {
          merger.end(input)
          continue
        }
        do throws(Fault) { try merger.offer(block, to: input) } catch { throw runs[input].blame(error) }
      case .done:
        for run in runs { run.discard() }
        return file.finish()
      }
    }
  }
}
