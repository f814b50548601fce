import Expressions
import Model

/// The values of one `ValueStream` in a chunk: each value of each group once, with how often it came.
final class ValueTable {
  let stream: ValueStream
  private let table: GroupTable
  private var counts: [Int64] = []
  private let key = ByteWriter()
  private let spelling = ByteWriter()

  init(_ stream: ValueStream) {
    self.stream = stream
    table = GroupTable(spellingWidth: stream.layout.spellingWidth)
  }

  var memory: Int { table.memory + counts.capacity * 8 }

  func removeAll() {
    table.removeAll()
    counts = []
  }

  /// Takes in rows; `arguments` are the stream's inputs.
  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let value = arguments[stream.orderCount]
    rows.rows.forEach { row in
      if stream.skipsNulls && value.isNull(row) { return }
      key.removeAll()
      key.append(bigEndian: UInt32(truncatingIfNeeded: rows.group(ofRow: row)))
      stream.layout.encode(arguments, row, into: key)
      let number = table.number(taking: key)
      if Int(number) == counts.count {
        counts.append(1)
      } else {
        counts[Int(number)] &+= 1
      }
      if stream.layout.spellingWidth > 0 {
        spelling.removeAll()
        stream.layout.appendSpelling(arguments, row, to: spelling)
        table.raiseSpelling(number, by: spelling.start, layout: stream.layout)
      }
    }
  }

  /// All values, those of one group together and in order.
  struct Sorted {
    fileprivate let order: [UInt32]
    /// Where each group's values begin in `order`.
    fileprivate let starts: [Int]

    func range(ofGroup group: Int) -> Range<Int> { starts[group]..<starts[group + 1] }
  }

  func sorted(groupCount: Int) -> Sorted {
    let order = table.sorted()
    var starts = [Int](repeating: 0, count: groupCount + 1)
    for number in order { starts[group(of: number) + 1] += 1 }
    for group in 0..<groupCount { starts[group + 1] += starts[group] }
    return Sorted(order: order, starts: starts)
  }

  private func group(of number: UInt32) -> Int {
    table.withKey(Int(number)) { Int($0[0]) << 24 | Int($0[1]) << 16 | Int($0[2]) << 8 | Int($0[3]) }
  }

  /// Writes the value at a position of the sorted order: its key behind what `record` holds, and its payload.
  func write(_ position: Int, of sorted: Sorted, key record: ByteWriter, to writer: RecordWriter) {
    let number = Int(sorted.order[position])
    table.withKey(number) { record.append(UnsafeBufferPointer(rebasing: $0[4...])) }
    writer.append(key: record.bytes) { payload in
      payload.append(signed: counts[number])
      payload.append(table.spelling(number))
    }
  }
}
