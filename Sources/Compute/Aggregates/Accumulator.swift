import Expressions
import Model

/// Rows of a batch and the group that each belongs to.
struct GroupedRows {
  let rows: Rows
  /// Group numbers by row number.
  let groups: UnsafePointer<UInt32>

  func group(ofRow row: Int) -> Int { Int(groups[row]) }

  /// Calls `body` with row and group of each row at which `column` holds a value.
  @inline(__always)
  func forEachValue(of column: Column, _ body: (Int, Int) -> Void) {
    let groups = groups
    column.forEachValue(rows) { body($0, Int(groups[$0])) }
  }
}

/// The states of one aggregate for all groups: flat arrays, indexed by group number.
///
///     update   rows of a batch -> states
///     write    one state -> bytes          chunk side
///     merge    bytes -> one state          merge side
///     finish   one state -> result column
///
/// `merge` is associative and commutative, and what `write` writes depends on nothing but the rows that went
/// into the group: not on their order, nor on how they were split and merged.
protocol Accumulator: AnyObject {
  /// Bytes in use, for the memory limit.
  var memory: Int { get }

  /// Makes states for the groups below `count`; new ones are empty.
  func grow(to count: Int)

  /// Forgets all groups and gives the memory back.
  func removeAll()

  /// Takes in rows whose groups all exist.
  func update(_ rows: GroupedRows, _ arguments: [Column])

  func write(_ group: Int, to writer: ByteWriter)

  /// - Throws: `Fault` `damaged_block`.
  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault)

  /// Writes the finished value of `group` to `column` at `row`.
  /// - Parameter result: which of the functions that share this state, and its constants.
  /// - Throws: `Fault` of class `data` where Postgres would fail as well.
  func finish(_ result: Finishing, _ group: Int, into column: Column, _ row: Int) throws(Fault)
}

/// Which result is wanted of a state that several functions share.
struct Finishing {
  let function: AggregateFunction
  /// Of a percentile, in 0...1.
  var fraction = 0.0
}

extension Array {
  /// Appends `value` until the array holds `count` elements, growing by doubling.
  mutating func grow(to count: Int, with value: Element) {
    if self.count < count { append(contentsOf: repeatElement(value, count: count - self.count)) }
  }
}
