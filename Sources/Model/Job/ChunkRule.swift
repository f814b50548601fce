/// `source.chunk`.
package struct ChunkRule: Hashable, Sendable {
  package var kind: Kind
  /// Rows that a chunk should hold; `nil` lets the planner choose.
  package var rows: Int?
  package var columns: [String]
  /// Of time windows.
  package var span: CalendarAmount?
  package var place: Place?

  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case auto, key, ctid, time, partition, none
  }

  package init(
    kind: Kind = .auto, rows: Int? = nil, columns: [String] = [], span: CalendarAmount? = nil,
    place: Place? = nil
  ) {
    self.kind = kind
    self.rows = rows
    self.columns = columns
    self.span = span
    self.place = place
  }
}
