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

extension Fault {
  /// Ranges of a key, and no word of which.
  package static func keyChunksWithoutColumn(at place: Place?) -> Fault {
    Fault(
      "bad_chunk", .validation, "`by: key` needs a column", place: place,
      hint: "Write chunk: {by: key, column: id}")
  }

  /// Windows of a time, and no word of which, or of how long they are.
  package static func timeChunksWithoutSpan(at place: Place?) -> Fault {
    Fault(
      "bad_chunk", .validation, "Time chunks need `column` and `span`", place: place,
      hint: "Write chunk: {by: time, column: created_at, span: 1d}")
  }
}
