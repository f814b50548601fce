/// One SQL value: for literals, parameters, lookups, quarantine and tests. Columns of rows
/// are held otherwise (see Compute).
///
/// `==` and hashing are structural: `1.1` and `1.10` differ, as their texts do.
package enum Value: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// `smallint`, `integer` and `bigint`.
  case integer(Int64)
  case numeric(Decimal)
  /// `real` values are held widened.
  case double(Double)
  /// `text`, `varchar`, `char(n)`, `name`, enum labels, `json` and `jsonb` texts.
  case text(String)
  /// Days since 2000-01-01; `Int32.min` and `Int32.max` are the infinities.
  case date(Int32)
  /// Microseconds since 2000-01-01, of `timestamp` in local time, of `timestamptz` in UTC;
  /// `Int64.min` and `Int64.max` are the infinities.
  case timestamp(Int64)
  case timestamptz(Int64)
  case interval(CalendarInterval)
  /// Big-endian: the first byte of the text form is the most significant.
  case uuid(UInt128)
  /// `bytea`, or the binary form of a type that is only carried.
  case bytes([UInt8])

  package var isNull: Bool { self == .null }
}
