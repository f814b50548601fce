extension Column {
  @inlinable @inline(__always)
  package func isValid(_ row: Int) -> Bool {
    !hasNulls || validity[row &>> 6] &>> UInt64(row & 63) & 1 != 0
  }

  @inlinable @inline(__always)
  package func isNull(_ row: Int) -> Bool { !isValid(row) }

  /// Calls `body` with each row at which there is a value.
  @inline(__always)
  func forEachValue(_ rows: Rows, _ body: (Int) -> Void) {
    if hasNulls {
      rows.forEach { if isValid($0) { body($0) } }
    } else {
      rows.forEach(body)
    }
  }

  /// Whether not all of `rows` are NULL.
  func hasValue(_ rows: Rows) -> Bool {
    var count = 0
    forEachValue(rows) { _ in count += 1 }
    return count > 0
  }

  @inlinable
  package func setNull(_ row: Int) {
    if !hasNulls {
      hasNulls = true
      validity.update(repeating: .max, count: Column.capacity / 64)
    }
    validity[row &>> 6] &= ~(1 &<< UInt64(row & 63))
  }

  /// Marks a row as holding a value, after it may have been marked NULL.
  @inlinable
  package func setValid(_ row: Int) {
    if hasNulls { validity[row &>> 6] |= 1 &<< UInt64(row & 63) }
  }

  /// Takes over the NULLs of another column.
  func takeNulls(of source: Column) {
    hasNulls = source.hasNulls
    if hasNulls { validity.update(from: source.validity, count: Column.validityWords) }
  }

  /// NULL wherever one of two columns is: the rule of all strict operators.
  func takeNulls(of left: Column, _ right: Column) {
    if !right.hasNulls { return takeNulls(of: left) }
    if !left.hasNulls { return takeNulls(of: right) }
    hasNulls = true
    for word in 0..<Column.validityWords { validity[word] = left.validity[word] & right.validity[word] }
  }

  /// NULL also wherever `source` is.
  func addNulls(of source: Column) { takeNulls(of: self, source) }

  /// Whether any of the first `bound` rows is NULL.
  package func hasNulls(before bound: Int) -> Bool {
    guard hasNulls else { return false }
    let whole = bound / 64
    for word in 0..<whole where validity[word] != .max { return true }
    let rest = bound % 64
    return rest > 0 && ~validity[whole] & (1 << UInt64(rest) - 1) != 0
  }
}
