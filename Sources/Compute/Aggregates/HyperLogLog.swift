import Model

/// A sketch of how many different hashes it has seen, to about 0.8 %.
///
/// 2^14 registers, each the greatest rank (position of the first 1) of the hashes that fell on it. Up to 1,024
/// registers are held as a sorted list, more as an array: which of the two depends on the set of hashes alone, so
/// equal sets have equal bytes. The estimate uses no table and no logarithm. Sources: P. Flajolet et al.,
/// "HyperLogLog", 2007; O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017.
struct HyperLogLog {
  static let precision = 14
  static let registerCount = 1 << precision
  static let longestList = 1_024
  static let maximumRank = 64 - precision + 1

  /// Register and rank, `register << 8 | rank`, sorted; unused once `ranks` is.
  private var list: [UInt32] = []
  private var ranks: [UInt8] = []

  var memory: Int { list.capacity * 4 + ranks.capacity + 16 }

  mutating func add(_ hash: UInt64) {
    let register = UInt32(truncatingIfNeeded: hash >> UInt64(64 - Self.precision))
    let rest = hash << UInt64(Self.precision) | 1 << UInt64(Self.precision - 1)
    raise(register, to: UInt8(rest.leadingZeroBitCount + 1))
  }

  private mutating func raise(_ register: UInt32, to rank: UInt8) {
    if !ranks.isEmpty {
      ranks[Int(register)] = max(ranks[Int(register)], rank)
      return
    }
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      if list[middle] >> 8 < register { low = middle + 1 } else { high = middle }
    }
    let entry = register << 8 | UInt32(rank)
    if low < list.count, list[low] >> 8 == register {
      list[low] = max(list[low], entry)
    } else if list.count < Self.longestList {
      list.insert(entry, at: low)
    } else {
      ranks = Array(repeating: 0, count: Self.registerCount)
      for entry in list { ranks[Int(entry >> 8)] = UInt8(truncatingIfNeeded: entry) }
      list = []
      raise(register, to: rank)
    }
  }

  func write(to writer: ByteWriter) {
    writer.append(ranks.isEmpty ? 0 : 1)
    if ranks.isEmpty {
      writer.append(length: list.count)
      for entry in list { writer.append(fixed: entry) }
    } else {
      ranks.withUnsafeBufferPointer { writer.append($0) }
    }
  }

  mutating func merge(from reader: inout ByteReader) throws(Fault) {
    func checked(_ rank: UInt8) throws(Fault) -> UInt8 {
      guard Int(rank) <= Self.maximumRank else { throw ByteReader.damaged("a sketch is malformed") }
      return rank
    }
    if try reader.readByte() == 0 {
      for _ in 0..<(try reader.readLength(limit: Self.longestList)) {
        let entry = try reader.readFixed(UInt32.self)
        guard entry >> 8 < Self.registerCount else { throw ByteReader.damaged("a sketch is malformed") }
        raise(entry >> 8, to: try checked(UInt8(truncatingIfNeeded: entry)))
      }
    } else {
      let range = try reader.readRange(Self.registerCount)
      for (register, index) in range.enumerated() where reader.bytes[index] > 0 {
        raise(UInt32(register), to: try checked(reader.bytes[index]))
      }
    }
  }

  /// The estimate, rounded to a whole number.
  var estimate: Int64 {
    let size = Double(Self.registerCount)
    let highest = Self.maximumRank
    var histogram = [Int](repeating: 0, count: highest + 1)
    if ranks.isEmpty {
      histogram[0] = Self.registerCount - list.count
      for entry in list { histogram[Int(entry & 0xFF)] += 1 }
    } else {
      for rank in ranks { histogram[Int(rank)] += 1 }
    }
    if histogram[0] == Self.registerCount { return 0 }
    var z = size * Self.tau(1 - Double(histogram[highest]) / size)
    for rank in stride(from: highest - 1, to: 0, by: -1) { z = (z + Double(histogram[rank])) * 0.5 }
    z += size * Self.sigma(Double(histogram[0]) / size)
    // 1 / (2 ln 2)
    return Int64((0.721347520444481703680 * size * size / z).rounded())
  }

  private static func sigma(_ start: Double) -> Double {
    if start == 1 { return .infinity }
    var (x, y, z) = (start, 1.0, start)
    while true {
      x *= x
      let previous = z
      z += x * y
      y += y
      if z == previous { return z }
    }
  }

  private static func tau(_ start: Double) -> Double {
    if start == 0 || start == 1 { return 0 }
    var (x, y, z) = (start, 1.0, 1 - start)
    while true {
      x = x.squareRoot()
      let previous = z
      y *= 0.5
      z -= (1 - x) * (1 - x) * y
      if z == previous { return z / 3 }
    }
  }
}
