internal import Model

extension LookupTable {
  /// Finds the rows whose keys equal the values of `columns`: writes a number of the table for each of `rows`, -1 where there is
  /// none.
  func find(_ columns: [Column], _ rows: Rows, into found: UnsafeMutablePointer<Int32>) {
    // `columns` keeps them alive; no references are counted a row.
    let wanted = columns.map(Unmanaged.passUnretained)
    withExtendedLifetime(columns) {
      slots.withUnsafeBufferPointer { slots in
        keyColumns.withUnsafeBufferPointer { keys in
          switch rules {
          case [.bytes]: findTexts(columns[0], wanted, rows, slots, keys, found)
          case [.integers]: findIntegers(columns[0], rows, slots, keys, found)
          default: rows.forEach { found[$0] = find(wanted, $0, slots) }
          }
        }
      }
    }
  }

  /// Single texts: those of up to eight bytes are hashed and compared as machine words.
  private func findTexts(
    _ column: Column, _ wanted: [Unmanaged<Column>], _ rows: Rows, _ slots: UnsafeBufferPointer<UInt64>,
    _ keys: UnsafeBufferPointer<Unmanaged<Column>>, _ found: UnsafeMutablePointer<Int32>
  ) {
    let (slices, data) = (column.slices, column.data)
    rows.forEach { row in
      let slice = slices[row]
      guard slice.length <= 8, column.isValid(row) else {
        found[row] = find(wanted, row, slots)
        return
      }
      let word = Self.word(data, slice)
      found[row] = Self.probe(slots, KeyHash.hash(shortText: word, length: slice.length)) { candidate in
        keys[candidate >> Self.partShift]._withUnsafeGuaranteedRef { key in
          let other = key.slices[candidate & (Column.capacity - 1)]
          return other.length == slice.length && Self.word(key.data, other) == word
        }
      }
    }
  }

  private func findIntegers(
    _ column: Column, _ rows: Rows, _ slots: UnsafeBufferPointer<UInt64>,
    _ keys: UnsafeBufferPointer<Unmanaged<Column>>, _ found: UnsafeMutablePointer<Int32>
  ) {
    let lanes = column.integers
    rows.forEach { row in
      guard column.isValid(row) else {
        found[row] = -1
        return
      }
      let value = lanes[row]
      found[row] = Self.probe(slots, KeyHash.hash(integer: value)) { candidate in
        keys[candidate >> Self.partShift]._withUnsafeGuaranteedRef {
          $0.integers[candidate & (Column.capacity - 1)] == value
        }
      }
    }
  }

  /// The bytes of a text of up to eight; columns can be read beyond their last value by more than a word.
  @inline(__always)
  private static func word(_ data: UnsafeMutablePointer<UInt8>, _ slice: ByteSlice) -> UInt64 {
    let word = UnsafeRawPointer(data + Int(slice.offset)).loadUnaligned(as: UInt64.self)
    return UInt64(littleEndian: word) & ~(UInt64.max << UInt64(slice.length &* 8))
  }

  /// Any one key.
  @inline(never)
  private func find(
    _ wanted: [Unmanaged<Column>], _ row: Int, _ slots: UnsafeBufferPointer<UInt64>
  ) -> Int32 {
    guard let hash = KeyHash.hash(wanted, rules, row) else { return -1 }
    return Self.probe(slots, hash) { matches($0, wanted, row) }
  }

  /// The row among the slots from a hash's own on that `isEqual` takes; -1 for none.
  @inline(__always)
  private static func probe(
    _ slots: UnsafeBufferPointer<UInt64>, _ hash: UInt64, _ isEqual: (Int) -> Bool
  ) -> Int32 {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      if let candidate = row(slots[slot], hash), isEqual(candidate) {
        return Int32(truncatingIfNeeded: candidate)
      }
      slot = (slot &+ 1) & mask
    }
    return -1
  }

  private func matches(_ candidate: Int, _ wanted: [Unmanaged<Column>], _ row: Int) -> Bool {
    let first = (candidate >> Self.partShift) * rules.count
    let place = candidate & (Column.capacity - 1)
    for index in rules.indices {
      let isEqual = keyColumns[first + index]._withUnsafeGuaranteedRef { key in
        wanted[index]._withUnsafeGuaranteedRef { rules[index].areEqual($0, row, key, place) }
      }
      if !isEqual { return false }
    }
    return true
  }
}
