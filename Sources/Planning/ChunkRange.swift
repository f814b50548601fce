internal import Model

/// One half-open range of a source, as SQL and for people.
struct ChunkRange: Hashable, Sendable {
  var relation: SQLText
  var predicate: SQLText?
  var text: String
}
