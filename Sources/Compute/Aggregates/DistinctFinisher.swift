import Expressions
import Model

/// `count(DISTINCT x)`, `sum(DISTINCT x)` and their like: each value goes once into the plain aggregate.
final class DistinctFinisher: StreamFinisher {
  private let stream: ValueStream
  private let inner: any Accumulator
  private let isCount: Bool
  private var count: Int64 = 0
  /// Values waiting to be taken in, and the result rows of their groups.
  private let values: Column
  private let groups = UnsafeMutablePointer<UInt32>.allocate(capacity: Column.capacity)
  private var waiting = 0
  private var group: UInt32 = 0

  init(_ stream: ValueStream, _ inner: any Accumulator) {
    self.stream = stream
    self.inner = inner
    isCount = stream.call.function == .count
    values = Column(stream.inputs[stream.orderCount].type)
  }

  deinit { groups.deallocate() }

  func begin(_ row: Int, count: Int64) {
    self.count = 0
    group = UInt32(row)
    inner.grow(to: row + 1)
  }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    if isCount {
      self.count += 1
      return
    }
    var key = key
    try stream.layout.columns[stream.orderCount].decode(
      &key, spelling: spelling, into: values, waiting)
    groups[waiting] = group
    waiting += 1
    if waiting == Column.capacity || values.dataCount > GrowingMemory.kept { takeIn() }
  }

  private func takeIn() {
    inner.update(GroupedRows(rows: Rows(count: waiting), groups: groups), [values])
    values.startBatch()
    waiting = 0
  }

  func end(into column: Column, _ row: Int) throws(Fault) {
    guard isCount else { return }
    column.setValid(row)
    column.integers[row] = count
  }

  func flush(into column: Column, rows: Int) throws(Fault) {
    if isCount { return }
    takeIn()
    let finishing = Finishing(function: stream.call.function)
    for row in 0..<rows { try inner.finish(finishing, row, into: column, row) }
    inner.removeAll()
  }
}
