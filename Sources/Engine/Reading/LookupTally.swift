internal import Compute
internal import Model
internal import StateStore

/// How often the rows of a run found their key in one `lookup` step.
///
/// Each chunk's counts are kept with its checkpoint, so that the sums are those of the chunks that make the result, however often
/// the run was resumed.
package struct LookupTally: Hashable, Sendable {
  package var step: String
  package var hits: Int64
  package var misses: Int64

  /// What a checkpoint notes of its chunk.
  static func note(_ counts: [LookupCounts]) -> JSONValue.Member {
    JSONValue.Member(
      "lookups",
      .array(
        counts.map {
          .array([
            .string($0.lookup), .integer($0.hits), .integer($0.misses), .integer($0.quarantinedHits),
            .integer($0.quarantinedMisses),
          ])
        }))
  }

  /// The sums over finished chunks, in the order of the steps.
  /// - Parameter replay: the run, where it is a replay: of the chunks that it has taken over, the rows that
  ///   came into quarantine do not count, since they come again in its own.
  static func sum(_ chunks: [ChunkRecord], replay: RunID? = nil) -> [LookupTally] {
    var tallies: [LookupTally] = []
    for chunk in chunks {
      let isTakenOver = replay.map { chunk.proof["replay"]?.stringValue != $0.text } ?? false
      for entry in chunk.proof["lookups"]?.elements ?? [] {
        let counts = entry.elements.dropFirst().compactMap(\.intValue)
        guard let step = entry.elements.first?.stringValue, counts.count >= 2 else { continue }
        // Two alone are of an earlier version.
        let isAgain = isTakenOver && counts.count == 4
        let again = isAgain ? (hits: counts[2], misses: counts[3]) : (hits: 0, misses: 0)
        let (hits, misses) = (Int64(counts[0] - again.hits), Int64(counts[1] - again.misses))
        if let number = tallies.firstIndex(where: { $0.step == step }) {
          tallies[number].hits += hits
          tallies[number].misses += misses
        } else {
          tallies.append(LookupTally(step: step, hits: hits, misses: misses))
        }
      }
    }
    return tallies
  }

  var json: JSONValue {
    .object([
      .init("step", .string(step)), .init("hits", .integer(hits)), .init("misses", .integer(misses)),
    ])
  }
}
