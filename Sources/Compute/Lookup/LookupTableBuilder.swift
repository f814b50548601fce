package import Model

/// Collects the rows of a lookup's relation and makes the shared table of them.
package struct LookupTableBuilder: ~Copyable {
  private let name: String
  private let keys: [ColumnSchema]
  private let payload: [ColumnSchema]
  private let onDuplicate: Lookup.OnDuplicate
  private let maximumRows: Int
  private let maximumBytes: Int
  private var keyParts: [[Column]] = []
  private var payloadParts: [[Column]] = []
  private var rowCount = 0
  private var bytes = 0

  /// What a lookup may hold where the job does not say.
  package static let defaultMaximumRows = 5_000_000
  package static let defaultMaximumBytes = 1 << 30

  /// - Parameters:
  ///   - name: what faults call the lookup.
  ///   - onDuplicate: `.error` refuses two rows with one key; `.first` keeps the least by its payload.
  package init(
    name: String, keys: [ColumnSchema], payload: [ColumnSchema], onDuplicate: Lookup.OnDuplicate,
    maximumRows: Int? = nil, maximumBytes: Int = LookupTableBuilder.defaultMaximumBytes
  ) {
    self.name = name
    self.keys = keys
    self.payload = payload
    self.onDuplicate = onDuplicate
    self.maximumRows = min(maximumRows ?? Self.defaultMaximumRows, Int(UInt32.max) - 1)
    self.maximumBytes = maximumBytes
  }

  /// Adds rows whose columns are the keys and then the payload. Rows with a NULL in the key can never be
  /// found and are left out.
  /// - Throws: `Fault` `lookup_too_large`.
  package mutating func add(_ batch: borrowing Batch) throws(Fault) {
    let rows = batch.rows
    let keyColumns = Array(batch.columns[..<keys.count])
    for position in 0..<rows.count {
      let row = rows[position]
      guard keyColumns.allSatisfy({ $0.isValid(row) }) else { continue }
      guard rowCount < maximumRows, bytes <= maximumBytes else { throw tooLarge() }
      if rowCount & (Column.capacity - 1) == 0 {
        keyParts.append(keys.map { Column($0.type) })
        payloadParts.append(payload.map { Column($0.type) })
      }
      for (index, column) in batch.columns.enumerated() {
        let isKey = index < keys.count
        let target =
          isKey
          ? keyParts[keyParts.count - 1][index] : payloadParts[payloadParts.count - 1][index - keys.count]
        let before = target.dataCount
        target.append(from: column, row)
        bytes += target.form.stride + target.dataCount - before
      }
      rowCount += 1
    }
  }

  private func tooLarge() -> Fault {
    let limit = rowCount >= maximumRows ? "\(maximumRows) rows" : "\(maximumBytes >> 20) MB"
    return Fault(
      "lookup_too_large", .resource, "The lookup of step \"\(name)\" holds more than \(limit)",
      hint: "Narrow it with a query, raise `max_rows`, or join in the source's query")
  }

  /// Makes the table.
  /// - Throws: `Fault` `lookup_duplicate_key` naming the first such key, unless duplicates are allowed.
  package consuming func finish() throws(Fault) -> LookupTable {
    let rules = keys.map { ComparisonRule($0.type) }
    // Small tables have room to spare: a second look at a slot costs more than the first.
    let slotsARow = rowCount < 4_096 ? 8 : 2
    var size = 16
    while size < rowCount * slotsARow { size *= 2 }
    var slots = [UInt64](repeating: 0, count: size)
    var contentHash: UInt64 = 0
    for row in 0..<rowCount {
      let (part, place) = (row >> LookupTable.partShift, row & (Column.capacity - 1))
      contentHash &+= KeyHash.hashWithNulls(keyParts[part] + payloadParts[part], place)
      guard let hash = KeyHash.hash(keyParts[part].map(Unmanaged.passUnretained), rules, place) else {
        continue
      }
      let entry = LookupTable.slot(hash, row: row)
      var slot = Int(truncatingIfNeeded: hash) & (size - 1)
      while slots[slot] != 0 {
        if let other = LookupTable.row(slots[slot], hash) {
          let (otherPart, otherPlace) = (other >> LookupTable.partShift, other & (Column.capacity - 1))
          let isSame = rules.indices.allSatisfy { index in
            rules[index].areEqual(keyParts[part][index], place, keyParts[otherPart][index], otherPlace)
          }
          if isSame {
            guard onDuplicate == .first else { throw duplicate(row) }
            if isLess(payloadParts[part], place, payloadParts[otherPart], otherPlace) { slots[slot] = entry }
            break
          }
        }
        slot = (slot + 1) & (size - 1)
      }
      if slots[slot] == 0 { slots[slot] = entry }
    }
    return LookupTable(
      name: name, keys: keys, payload: payload, rowCount: rowCount, contentHash: contentHash,
      keyParts: keyParts, payloadParts: payloadParts, slots: slots)
  }

  private func isLess(_ left: [Column], _ leftRow: Int, _ right: [Column], _ rightRow: Int) -> Bool {
    for (a, b) in zip(left, right) {
      let (hasLeft, hasRight) = (a.isValid(leftRow), b.isValid(rightRow))
      guard hasLeft || hasRight else { continue }
      // NULLs last.
      guard hasLeft && hasRight else { return hasLeft }
      let order = ComparisonRule(a.type).order(a, leftRow, b, rightRow)
      if order != 0 { return order < 0 }
    }
    return false
  }

  private func duplicate(_ row: Int) -> Fault {
    let part = keyParts[row >> LookupTable.partShift]
    let shown = zip(keys, part).map { schema, column in
      let text = column.value(at: row & (Column.capacity - 1)).postgresText ?? "NULL"
      return "\(schema.name) = \(schema.isSensitive ? "(not shown)" : text)"
    }
    return Fault(
      "lookup_duplicate_key", .data, "The lookup of step \"\(name)\" has more than one row with the same key",
      cause: shown.joined(separator: ", "),
      hint: "Make the key unique, match on more columns, or set `on_duplicate: first`")
  }
}
