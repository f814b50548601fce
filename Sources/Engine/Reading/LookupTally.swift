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
      .array(counts.map { .array([.string($0.lookup), .integer($0.hits), .integer($0.misses)]) }))
  }

  /// The sums over finished chunks, in the order of the steps.
  static func sum(_ chunks: [ChunkRecord]) -> [LookupTally] {
    var tallies: [LookupTally] = []
    for entry in chunks.flatMap({ $0.proof["lookups"]?.elements ?? [] }) {
      let parts = entry.elements
      guard parts.count == 3, let step = parts[0].stringValue, let hits = parts[1].intValue,
        let misses = parts[2].intValue
      else { continue }
      if let number = tallies.firstIndex(where: { $0.step == step }) {
        tallies[number].hits += Int64(hits)
        tallies[number].misses += Int64(misses)
      } else {
        tallies.append(LookupTally(step: step, hits: Int64(hits), misses: Int64(misses)))
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
