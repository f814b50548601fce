import Model

/// Exact sums of floating-point numbers, one per group: whole numbers of up to 4,300 bits in digits of 32 bits,
/// of which a group holds only the window that its values have touched.
///
/// A digit lies in an `Int64` and takes up to 2^30 additions before its carry must move on, so adding a
/// number is three additions without a branch between them. Source: R. Neal, "Fast exact summation using small
/// and large superaccumulators", 2015.
final class ExactSums {
  /// Digit 0 counts `2^-bias`.
  private let bias: Int
  private let digits = Lane<Int64>(0)
  private let starts = Lane<Int>(0)
  /// The number of the window's lowest digit, and how many there are.
  private let lowest = Lane<Int16>(0)
  private let widths = Lane<UInt16>(0)
  private let pending = Lane<UInt32>(0)

  /// The lowest bit of a `Double` counts 2^-1074, that of a square 2^-2148.
  static let sumBias = 1_074 + 32
  static let squareBias = 2_148 + 32

  init(bias: Int) { self.bias = bias }

  var memory: Int {
    digits.memory + starts.memory + lowest.memory + widths.memory + pending.memory
  }

  func grow(to count: Int) {
    starts.grow(to: count)
    lowest.grow(to: count)
    widths.grow(to: count)
    pending.grow(to: count)
  }

  func removeAll() {
    digits.removeAll()
    starts.removeAll()
    lowest.removeAll()
    widths.removeAll()
    pending.removeAll()
  }

  /// Adds a finite number.
  @inline(__always)
  func add(_ value: Double, to group: Int) {
    let significand = value.significandBitPattern
    let raw = Int(value.exponentBitPattern)
    // The bits are 2^-1074 times two to the raw exponent less one; those of subnormals have none hidden.
    let mantissa = raw == 0 ? significand : significand | 1 << 52
    let position = max(raw, 1) - 1 - 1_074 + bias
    let wide = UInt128(mantissa) &<< UInt128(truncatingIfNeeded: position & 31)
    add(wide, 0, at: position &>> 5, isNegative: value.sign == .minus, to: group)
  }

  /// Adds the square of a finite number.
  func addSquare(_ value: Double, to group: Int) {
    let significand = value.significandBitPattern
    let raw = Int(value.exponentBitPattern)
    let mantissa = UInt128(raw == 0 ? significand : significand | 1 << 52)
    let position = 2 * (max(raw, 1) - 1 - 1_074) + bias
    let shift = UInt128(position & 31)
    let square = mantissa * mantissa
    let over = shift == 0 ? 0 : UInt64(truncatingIfNeeded: square >> (128 - shift))
    add(square << shift, over, at: position >> 5, isNegative: false, to: group)
  }

  /// Adds 32-bit digits from `digit` on: four in `low`, one in `high`.
  @inline(__always)
  private func add(
    _ low: UInt128, _ high: UInt64, at digit: Int, isNegative: Bool, to group: Int
  ) {
    let count = high != 0 ? 5 : low >> 96 != 0 ? 4 : 3
    if digit < Int(lowest[group]) || digit + count >= Int(lowest[group]) + Int(widths[group]) {
      widen(group, from: digit, to: digit + count + 1)
    }
    if pending[group] > 1 << 30 { carry(group) }
    pending[group] &+= 1
    let start = starts[group] + digit - Int(lowest[group])
    var rest = low
    for index in 0..<min(count, 4) {
      let part = Int64(truncatingIfNeeded: rest & 0xFFFF_FFFF)
      digits[start + index] &+= isNegative ? -part : part
      rest &>>= 32
    }
    if count == 5 {
      let part = Int64(truncatingIfNeeded: high)
      digits[start + 4] &+= isNegative ? -part : part
    }
  }

  /// Moves a group's window to where it holds the digits from `low` up to `high` as well.
  @inline(never)
  private func widen(_ group: Int, from low: Int, to high: Int) {
    let held = Int(widths[group])
    let from = held == 0 ? low : min(low, Int(lowest[group]))
    let to = held == 0 ? high : max(high, Int(lowest[group]) + held)
    let start = digits.count
    digits.grow(to: start + to - from)
    for index in 0..<held {
      digits[start + Int(lowest[group]) - from + index] = digits[starts[group] + index]
    }
    starts[group] = start
    lowest[group] = Int16(from)
    widths[group] = UInt16(to - from)
  }

  /// Brings all digits but the highest into 0..<2^32.
  private func carry(_ group: Int) {
    let last = starts[group] + Int(widths[group]) - 1
    if digits[last] != 0 {
      // The highest digit must have room for what comes from below.
      widen(group, from: Int(lowest[group]), to: Int(lowest[group]) + Int(widths[group]) + 1)
    }
    let start = starts[group]
    var carried: Int64 = 0
    for index in start..<start + Int(widths[group]) - 1 {
      let sum = digits[index] + carried
      digits[index] = sum & 0xFFFF_FFFF
      carried = sum >> 32
    }
    digits[start + Int(widths[group]) - 1] += carried
    pending[group] = 0
  }

  /// The sum, exactly. Complexity: that of the window.
  func total(_ group: Int) -> (isNegative: Bool, magnitude: ExactMagnitude) {
    var parts: [UInt32] = []
    let range = starts[group]..<starts[group] + Int(widths[group])
    func collect(negating: Bool) -> Int64 {
      parts.removeAll(keepingCapacity: true)
      var carried: Int64 = 0
      for index in range {
        let sum = (negating ? -digits[index] : digits[index]) + carried
        parts.append(UInt32(truncatingIfNeeded: sum))
        carried = sum >> 32
      }
      return carried
    }
    var carried = collect(negating: false)
    let isNegative = carried < 0
    if isNegative { carried = collect(negating: true) }
    parts.append(UInt32(truncatingIfNeeded: carried))
    parts.append(UInt32(truncatingIfNeeded: carried >> 32))
    let exponent = Int(lowest[group]) * 32 - bias
    return (isNegative, ExactMagnitude(digits: parts, exponent: exponent))
  }

  /// Sign, number of the lowest digit that is not zero, and the digits: the one form of a sum.
  func write(_ group: Int, to writer: ByteWriter) {
    let (isNegative, magnitude) = total(group)
    let parts = magnitude.digits
    let zeros = parts.prefix { $0 == 0 }.count
    writer.append(length: (parts.count - zeros) << 1 | (isNegative ? 1 : 0))
    if parts.isEmpty { return }
    writer.append(length: Int(lowest[group]) + zeros)
    for part in parts[zeros...] { writer.append(fixed: part) }
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let header = try reader.readLength(limit: 400)
    let count = header >> 1
    if count == 0 { return }
    let first = try reader.readLength(limit: 200)
    for index in 0..<count {
      let part = try reader.readFixed(UInt32.self)
      add(UInt128(part), 0, at: first + index, isNegative: header & 1 == 1, to: group)
    }
  }
}
