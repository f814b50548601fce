/// Owns a list of row numbers: the result of a filter or of a branch's condition.
package final class Selection {
  package let indices: UnsafeMutablePointer<UInt16>
  package var count = 0

  package init() {
    indices = .allocate(capacity: Column.capacity)
    indices.initialize(repeating: 0, count: Column.capacity)
  }

  deinit { indices.deallocate() }

  package var rows: Rows { Rows(indices: UnsafePointer(indices), count: count) }

  /// Takes the rows of `rows` for which `condition` is true. May be given its own rows.
  @inline(__always)
  func take(_ rows: Rows, where condition: (Int) -> Bool) {
    var kept = 0
    // Written always and counted only when true: no branch to mispredict.
    rows.forEach { row in
      let isTaken = condition(row)
      indices[kept] = UInt16(truncatingIfNeeded: row)
      kept += isTaken ? 1 : 0
    }
    count = kept
  }

  /// Takes the rows of `rows` where the boolean column is true (NULL is not).
  func take(_ rows: Rows, whereTrue column: Column) {
    let lanes = column.integers
    if column.hasNulls {
      take(rows) { column.isValid($0) && lanes[$0] != 0 }
    } else {
      take(rows) { lanes[$0] != 0 }
    }
  }
}
