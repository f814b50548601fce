import Expressions
import Model

/// `approx_count_distinct`: one `HyperLogLog` per group, over the hashes of the values' keys.
///
/// Values that Postgres calls equal have one key, so 1.1 and 1.10 count once. The hash is part of the stored
/// format and never changes.
final class DistinctSketches: Accumulator {
  private let column: KeyColumn
  private var sketches: [HyperLogLog] = []
  private let key = ByteWriter()
  private(set) var memory = 0

  init(_ type: SQLType) { column = KeyColumn(type) }

  func grow(to count: Int) {
    memory += max(0, count - sketches.count) * 64
    sketches.grow(to: count, with: HyperLogLog())
  }

  func removeAll() {
    sketches = []
    memory = 0
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    rows.forEachValue(of: arguments[0]) { row, group in
      key.removeAll()
      column.encode(arguments[0], row, into: key)
      let before = sketches[group].memory
      sketches[group].add(Self.hash(key.bytes))
      memory += sketches[group].memory - before
    }
  }

  /// MurmurHash64A by A. Appleby, with a fixed seed.
  static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let factor: UInt64 = 0xC6A4_A793_5BD1_E995
    var state = 0x7469_6465_6D61_726B ^ UInt64(bytes.count) &* factor
    let raw = UnsafeRawBufferPointer(bytes)
    var position = 0
    while position + 8 <= raw.count {
      var word =
        UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &* factor
      word ^= word >> 47
      state = (state ^ word &* factor) &* factor
      position += 8
    }
    if position < raw.count {
      var rest: UInt64 = 0
      for index in (position..<raw.count).reversed() { rest = rest << 8 | UInt64(raw[index]) }
      state = (state ^ rest) &* factor
    }
    state ^= state >> 47
    state = state &* factor
    return state ^ state >> 47
  }

  func write(_ group: Int, to writer: ByteWriter) { sketches[group].write(to: writer) }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    try sketches[group].merge(from: &reader)
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    column.setValid(row)
    column.integers[row] = sketches[group].estimate
  }
}
