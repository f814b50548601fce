package import Model

/// What the ledgers know of one run.
package struct PublishedParts: Hashable, Sendable {
  /// Sinks that hold the whole result.
  package var whole: Set<String> = []
  /// Of sinks that are published chunk by chunk, the chunks that are there.
  package var chunks: [String: Set<ChunkID>] = [:]

  package init() {}

  /// Takes in an entry of a ledger, of a sink or of one of its chunks.
  package mutating func add(entry name: String, isWhole: Bool) {
    let parts = name.split(separator: LedgerEntry.chunkMark)
    if parts.count == 2, let number = Int(parts[1]) {
      chunks[String(parts[0]), default: []].insert(ChunkID(number))
    } else if isWhole {
      whole.insert(name)
    }
  }

  /// Takes in what another ledger knows.
  package mutating func add(_ others: PublishedParts) {
    whole.formUnion(others.whole)
    chunks.merge(others.chunks) { $0.union($1) }
  }
}
