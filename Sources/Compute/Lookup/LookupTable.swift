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
  let keyColumns: [Unmanaged<Column>]
  private let payloadColumns: [Unmanaged<Column>]
  /// Payload columns of machine words without NULLs.
  private let isPlain: [Bool]
  /// Open addressing: see `slot`. Zero for a free slot. A power of two long.
  let slots: [UInt64]

  static let partShift = 11

  /// What a row's slot holds: the upper half of the key's hash, so that most other keys are told apart by it,
  /// and the row's number plus one.
  static func slot(_ hash: UInt64, row: Int) -> UInt64 { hash & ~tagMask | UInt64(row + 1) }

  /// The row of a slot that is not free; `nil` where its key's hash is another.
  @inline(__always)
  static func row(_ slot: UInt64, _ hash: UInt64) -> Int? {
    (slot ^ hash) & ~tagMask == 0 ? Int(truncatingIfNeeded: slot & tagMask) &- 1 : nil
  }

  private static let tagMask: UInt64 = 0xFFFF_FFFF

  init(
    name: String, keys: [ColumnSchema], payload: [ColumnSchema], rowCount: Int, contentHash: UInt64,
    keyParts: [[Column]], payloadParts: [[Column]], slots: [UInt64]
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
    isPlain = payload.enumerated().map { number, schema in
      let form = ColumnForm(schema.type)
      return (form == .integers || form == .doubles) && !payloadParts.contains { $0[number].hasNulls }
    }
    self.slots = slots
  }

  /// Copies what `rows` found of one payload column, of which many may have found one long value; NULL where they found
  /// nothing.
  /// - Returns: false where the column would hold more than `most` bytes.
  func copy(
    payload: Int, _ rows: Rows, _ found: UnsafeMutablePointer<Int32>, to column: Column,
    most: Int = Column.maximumData
  ) -> Bool {
    let width = self.payload.count
    payloadColumns.withUnsafeBufferPointer { parts in
      if isPlain[payload] {
        return rows.forEach { row in
          let number = Int(found[row])
          guard number >= 0 else { return column.writeNull(row) }
          let lane = parts[(number >> Self.partShift) * width + payload]._withUnsafeGuaranteedRef {
            $0.lanes.load(fromByteOffset: (number & (Column.capacity - 1)) &* 8, as: UInt64.self)
          }
          column.lanes.storeBytes(of: lane, toByteOffset: row &* 8, as: UInt64.self)
        }
      }
      rows.forEach { row in
        let number = Int(found[row])
        guard number >= 0, column.dataCount <= most else { return column.writeNull(row) }
        parts[(number >> Self.partShift) * width + payload]._withUnsafeGuaranteedRef {
          column.copy(from: $0, number & (Column.capacity - 1), to: row)
        }
      }
    }
    return column.dataCount <= most
  }
}
