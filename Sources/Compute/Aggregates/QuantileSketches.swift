import Expressions
import Model

/// `approx_percentile`: per group, how many values fell into buckets whose bounds are cut from the bits of a
/// double: 128 buckets per power of two.
///
/// The answer is the middle of the bucket that holds the exact discrete percentile, which is within 0.4 % of
/// it; zero, NaN and the infinities are exact. A sketch in the manner of DDSketch (C. Masson et al., 2019), without
/// logarithms: equal values give equal buckets on every machine.
final class QuantileSketches: Accumulator {
  private let type: SQLType
  /// Buckets by number, sorted, with their counts.
  private var sketches: [[Bucket]] = []
  private(set) var memory = 0

  struct Bucket {
    var number: UInt32
    var count: Int64
  }

  /// Bits of the ordered double that are left out: all but sign, exponent and 7 of the significand.
  private static let droppedBits: UInt64 = 45

  init(_ type: SQLType) { self.type = type }

  func grow(to count: Int) {
    memory += max(0, count - sketches.count) * 8
    sketches.grow(to: count, with: [])
  }

  func removeAll() {
    sketches = []
    memory = 0
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let column = arguments[0]
    rows.forEachValue(of: column) { row, group in
      let value: Double =
        switch column.form {
        case .doubles: column.doubles[row]
        case .numerics: Self.double(column, row)
        default: Double(column.integers[row])
        }
      add(1, to: UInt32(truncatingIfNeeded: value.orderedBits >> Self.droppedBits), of: group)
    }
  }

  private static func double(_ column: Column, _ row: Int) -> Double {
    let value = column.decimal(row)
    do {
      return try value.double()
    } catch {
      // Too large or too small for a double: the end of the range, or zero.
      guard Decimal.order(value.magnitude, Decimal(Int64(1))) > 0 else { return 0 }
      return value.sign == Decimal(Int64(1)) ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude
    }
  }

  private func add(_ count: Int64, to bucket: UInt32, of group: Int) {
    var (low, high) = (0, sketches[group].count)
    while low < high {
      let middle = (low + high) / 2
      if sketches[group][middle].number < bucket { low = middle + 1 } else { high = middle }
    }
    if low < sketches[group].count, sketches[group][low].number == bucket {
      sketches[group][low].count &+= count
    } else {
      sketches[group].insert(Bucket(number: bucket, count: count), at: low)
      memory += 32
    }
  }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(length: sketches[group].count)
    for bucket in sketches[group] {
      writer.append(fixed: bucket.number)
      writer.append(signed: bucket.count)
    }
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    for _ in 0..<(try reader.readLength(limit: 1 << 20)) {
      let number = try reader.readFixed(UInt32.self)
      add(try reader.readSigned(), to: number, of: group)
    }
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    let total = sketches[group].reduce(Int64(0)) { $0 &+ $1.count }
    guard total > 0 else { return column.writeNull(row) }
    let rank = Percentile.discreteRank(result.fraction, of: total)
    var passed: Int64 = 0
    for bucket in sketches[group] {
      passed &+= bucket.count
      if passed > rank {
        column.setValid(row)
        column.doubles[row] = Self.middle(of: bucket.number)
        return
      }
    }
    column.writeNull(row)
  }

  private static func middle(of bucket: UInt32) -> Double {
    let low = UInt64(bucket) << droppedBits
    let high = low | (1 << droppedBits - 1)
    let bounds = (Double(orderedBits: low), Double(orderedBits: high))
    if high == .max { return .nan }
    // The buckets that begin at 0 and at the infinities stand for these alone, but for subnormal dust.
    if bounds.0 == 0 || bounds.1 == 0 { return 0 }
    if bounds.0.isInfinite || bounds.1.isInfinite { return bounds.0.isInfinite ? bounds.0 : bounds.1 }
    return bounds.0 / 2 + bounds.1 / 2
  }
}

/// Where a percentile lies among sorted values.
enum Percentile {
  /// The number, from 0, of the value that `percentile_disc` gives.
  static func discreteRank(_ fraction: Double, of count: Int64) -> Int64 {
    max(0, Int64((fraction * Double(count)).rounded(.up)) - 1)
  }
}
