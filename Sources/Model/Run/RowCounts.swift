/// What became of a chunk's rows.
package struct RowCounts: Hashable, Sendable {
  /// Rows fetched: what reaches the first step.
  package var read: Int64 = 0
  /// Rows that reached the aggregate or the result.
  package var kept: Int64 = 0
  package var filtered: Int64 = 0
  package var quarantined: Int64 = 0
  package var dropped: Int64 = 0
  /// Bytes of COPY data.
  package var bytes: Int64 = 0

  package init() {}

  package static func + (left: RowCounts, right: RowCounts) -> RowCounts {
    var sum = left
    sum.read += right.read
    sum.kept += right.kept
    sum.filtered += right.filtered
    sum.quarantined += right.quarantined
    sum.dropped += right.dropped
    sum.bytes += right.bytes
    return sum
  }
}
