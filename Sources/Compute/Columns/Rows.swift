/// The rows of a batch that a kernel works on: all of the first `count`, or those that a selection names.
///
/// A selection is in rising order. It points into a buffer that stays valid and unchanged while the
/// `Rows` is in use.
package struct Rows {
  package let count: Int
  /// Row numbers, or `nil` where the rows are `0..<count`.
  package let indices: UnsafePointer<UInt16>?

  /// All rows from 0 to `count`.
  @inlinable
  package init(count: Int) {
    self.count = count
    indices = nil
  }

  @inlinable
  package init(indices: UnsafePointer<UInt16>, count: Int) {
    self.count = count
    self.indices = indices
  }

  @inlinable package var isEmpty: Bool { count == 0 }

  /// The row number at position `position` of the selection.
  @inlinable
  package subscript(position: Int) -> Int {
    if let indices { Int(indices[position]) } else { position }
  }

  /// One more than the highest row number.
  @inlinable package var bound: Int {
    guard let indices, count > 0 else { return count }
    return Int(indices[count - 1]) + 1
  }

  /// Calls `body` with each row number: two plain loops once inlined.
  @inlinable @inline(__always)
  package func forEach(_ body: (Int) -> Void) {
    if let indices {
      for position in 0..<count { body(Int(indices[position])) }
    } else {
      for row in 0..<count { body(row) }
    }
  }
}
