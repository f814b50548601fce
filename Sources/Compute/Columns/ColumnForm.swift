package import Model

/// How the values of a column lie in memory.
package enum ColumnForm: UInt8, Hashable, Sendable {
  /// `Int64` lanes: booleans as 0 and 1, integers, days, microseconds.
  case integers
  case doubles
  /// Mantissas and scales; see `Column+Numerics.swift`.
  case numerics
  /// A `ByteSlice` per row into the column's data buffer.
  case bytes
  /// `CalendarInterval` lanes.
  case intervals
  /// `UInt128` lanes.
  case uuids

  package init(_ type: SQLType) {
    switch type {
    case .boolean, .smallint, .integer, .bigint, .date, .timestamp, .timestamptz: self = .integers
    case .real, .double: self = .doubles
    case .numeric: self = .numerics
    case .text, .varchar, .char, .name, .enumeration, .bytea, .json, .jsonb, .opaque: self = .bytes
    case .interval: self = .intervals
    case .uuid: self = .uuids
    }
  }

  /// Bytes per lane, before any widening.
  var stride: Int {
    switch self {
    case .integers, .doubles, .numerics, .bytes: 8
    case .intervals, .uuids: 16
    }
  }
}

/// Where one row's bytes lie in its column's data buffer.
package struct ByteSlice {
  package var offset: UInt32
  package var length: UInt32

  @inlinable
  package init(offset: UInt32, length: UInt32) {
    self.offset = offset
    self.length = length
  }

  package static let empty = ByteSlice(offset: 0, length: 0)
}
