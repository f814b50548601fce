internal import Model

/// How a source will be cut, decided by the catalogue's facts; says why.
enum ChunkChoice: Hashable, Sendable {
  case none(reason: String)
  case pages(perChunk: Int64, reason: String)
  /// Page ranges of each heap under a partitioned table, or one range each where `perChunk` is nil.
  case partitions(perChunk: Int64?, reason: String)
  /// `samplePercent` is `nil` where the boundaries come from all keys.
  case key([String], chunks: Int, samplePercent: Double?, reason: String)
  case time(String, span: CalendarAmount, reason: String)

  var reason: String {
    switch self {
    case .none(let reason), .pages(_, let reason), .partitions(_, let reason),
      .key(_, _, _, let reason), .time(_, _, let reason):
      reason
    }
  }
}
