package import Model

/// The rows of a lookup's relation by their key: loaded once per run and read by all workers at once.
///
/// Nothing changes once the table is built (`LookupTableBuilder`), which is why it may be shared. Keys are
/// equal as SQL's `=` has it: `1.0` finds `1.00`, a `char(n)` its unpadded text; NULL finds nothing.
package final class LookupTable: @unchecked Sendable {
  package let name: String
  package let keys: [ColumnSchema]
  package let payload: [ColumnSchema]
  package let rowCount: Int
  /// A hash of keys and payload that does not depend on the rows' order: for a plan's fingerprint.
  package let contentHash: UInt64

  let rules: [ComparisonRule]
  /// Columns of 2,048 rows each: `keyParts[row >> 11]`.
  let keyParts: [[Column]]
  let payloadParts: [[Column]]
  /// Open addressing; row number plus one, zero for a free slot. A power of two long.
  let slots: [UInt32]

  static let partShift = 11

  init(
    name: String, keys: [ColumnSchema], payload: [ColumnSchema], rowCount: Int, contentHash: UInt64,
    keyParts: [[Column]], payloadParts: [[Column]], slots: [UInt32]
  ) {
    self.name = name
    self.keys = keys
    self.payload = payload
    self.rowCount = rowCount
    self.contentHash = contentHash
    rules = keys.map { ComparisonRule($0.type) }
    self.keyParts = keyParts
    self.payloadParts = payloadParts
    self.slots = slots
  }

  /// The number of the row whose key equals the values of `columns` at `row`; -1 where there is none.
  @inline(__always)
  func find(_ columns: [Column], _ row: Int) -> Int {
    guard let hash = KeyHash.hash(columns, rules, row) else { return -1 }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let candidate = Int(slots[slot]) - 1
      if matches(candidate, columns, row) { return candidate }
      slot = (slot + 1) & mask
    }
    return -1
  }

  @inline(__always)
  private func matches(_ candidate: Int, _ columns: [Column], _ row: Int) -> Bool {
    let part = keyParts[candidate >> Self.partShift]
    let place = candidate & (Column.capacity - 1)
    for index in rules.indices
    where rules[index].order(columns[index], row, part[index], place) != 0 {
      return false
    }
    return true
  }
}
