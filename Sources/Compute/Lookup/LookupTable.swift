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
  /// The same columns one after the other, which rows are compared with and copied from without counting references.
  private let keyColumns: [Unmanaged<Column>]
  private let payloadColumns: [Unmanaged<Column>]
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
    keyColumns = keyParts.joined().map(Unmanaged.passUnretained)
    payloadColumns = payloadParts.joined().map(Unmanaged.passUnretained)
    self.slots = slots
  }

  /// Finds the rows whose keys equal the values of `columns`: writes a number of the table for each of `rows`, -1 where there is
  /// none.
  func find(_ columns: [Column], _ rows: Rows, into found: UnsafeMutablePointer<Int32>) {
    slots.withUnsafeBufferPointer { slots in
      let mask = slots.count - 1
      rows.forEach { row in
        found[row] = -1
        guard let hash = KeyHash.hash(columns, rules, row) else { return }
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
          let candidate = Int(slots[slot]) - 1
          if matches(candidate, columns, row) {
            found[row] = Int32(truncatingIfNeeded: candidate)
            return
          }
          slot = (slot + 1) & mask
        }
      }
    }
  }

  @inline(__always)
  private func matches(_ candidate: Int, _ columns: [Column], _ row: Int) -> Bool {
    let first = (candidate >> Self.partShift) * rules.count
    let place = candidate & (Column.capacity - 1)
    for index in rules.indices {
      let isEqual = keyColumns[first + index]._withUnsafeGuaranteedRef {
        rules[index].order(columns[index], row, $0, place) == 0
      }
      if !isEqual { return false }
    }
    return true
  }

  /// Copies what `rows` found of one payload column; NULL where they found nothing.
  func copy(payload: Int, _ rows: Rows, _ found: UnsafeMutablePointer<Int32>, to column: Column) {
    let width = self.payload.count
    rows.forEach { row in
      let number = Int(found[row])
      guard number >= 0 else { return column.writeNull(row) }
      payloadColumns[(number >> Self.partShift) * width + payload]._withUnsafeGuaranteedRef {
        column.copy(from: $0, number & (Column.capacity - 1), to: row)
      }
    }
  }
}
