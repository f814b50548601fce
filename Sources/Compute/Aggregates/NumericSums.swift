import Expressions
import Model

/// `sum`, `avg` and `count` over integers and numerics, exact to the last digit.
///
/// A sum is an `Int128` mantissa at one scale for all groups. What does not fit (sums beyond 38 digits, values
/// of more than 24 decimals) is kept aside as `Decimal` per group; the total is always both together.
final class NumericSums: Accumulator {
  private let type: SQLType
  let counts = Lane<Int64>(0)
  private let sums = Lane<Int128>(0)
  /// The scale of all `sums`.
  private var scale = 0
  /// Whether every value so far had the scale `scale`; if not, `groupScales` holds the largest of each group.
  private var isUniform = true
  private var isEmpty = true
  private let groupScales = Lane<UInt16>(0)
  private var wides: [Int: Decimal] = [:]
  private let specials = Lane<UInt8>(0)

  static let largestCommonScale = 24

  enum Special {
    static let notANumber: UInt8 = 1
    static let infinity: UInt8 = 2
    static let negativeInfinity: UInt8 = 4
    /// A sum of more digits than numeric has, for which Postgres fails.
    static let beyondRange: UInt8 = 8
    static let all: UInt8 = 15
  }

  /// - Parameter type: of the argument.
  init(_ type: SQLType) { self.type = type }

  var memory: Int {
    counts.memory + sums.memory + groupScales.memory + specials.memory + wides.count * 96
  }

  func grow(to count: Int) {
    counts.grow(to: count)
    sums.grow(to: count)
    if !isUniform { groupScales.grow(to: count) }
    if specials.count > 0 { specials.grow(to: count) }
  }

  func removeAll() {
    counts.removeAll()
    sums.removeAll()
    scale = 0
    isUniform = true
    isEmpty = true
    groupScales.removeAll()
    wides = [:]
    specials.removeAll()
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let column = arguments[0]
    if rows.rows.isEmpty { return }
    let common = column.form == .integers ? 0 : column.width == .narrow ? column.scale : nil
    if let common, common <= Self.largestCommonScale {
      if isEmpty { scale = common }
      if common == scale {
        isEmpty = false
        if !isUniform { rows.forEachValue(of: column) { _, group in noteScale(common, group) } }
        return addNarrow(column.integers, rows, column)
      }
    }
    keepScalesApart()
    rows.forEachValue(of: column) { row, group in
      counts[group] &+= 1
      if let (mantissa, scale) = column.parts(row) {
        add(mantissa, scale: scale, to: group)
      } else {
        add(column.decimal(row), to: group)
      }
    }
  }

  private func addNarrow(_ lanes: UnsafeMutablePointer<Int64>, _ rows: GroupedRows, _ column: Column) {
    var overflowing: [(group: Int, sum: Int128)] = []
    let (sums, counts) = (sums.base, counts.base)
    rows.forEachValue(of: column) { row, group in
      counts[group] &+= 1
      let (sum, tooBig) = sums[group].addingReportingOverflow(Int128(lanes[row]))
      if tooBig {
        overflowing.append((group, sums[group]))
        sums[group] = Int128(lanes[row])
      } else {
        sums[group] = sum
      }
    }
    for (group, sum) in overflowing { addAside(Decimal(mantissa: sum, scale: scale), to: group) }
  }

  /// Adds a value; its group's count is the caller's.
  private func add(_ mantissa: Int128, scale valueScale: Int, to group: Int) {
    if !isUniform { noteScale(valueScale, group) }
    if valueScale != scale, !adapt(to: valueScale) {
      return addAside(Decimal(mantissa: mantissa, scale: valueScale), to: group)
    }
    guard let aligned = Self.scaled(mantissa, by: scale - valueScale) else {
      return addAside(Decimal(mantissa: mantissa, scale: valueScale), to: group)
    }
    let (sum, tooBig) = sums[group].addingReportingOverflow(aligned)
    if tooBig {
      addAside(Decimal(mantissa: sums[group], scale: scale), to: group)
      sums[group] = aligned
    } else {
      sums[group] = sum
    }
  }

  private func add(_ value: Decimal, to group: Int) {
    if value.isFinite {
      noteScale(value.scale, group)
      addAside(value, to: group)
    } else {
      noteSpecial(
        value.isNaN
          ? Special.notANumber : value == .infinity ? Special.infinity : Special.negativeInfinity,
        group)
    }
  }

  private func noteSpecial(_ special: UInt8, _ group: Int) {
    specials.grow(to: counts.count)
    specials[group] |= special
  }

  private func addAside(_ value: Decimal, to group: Int) {
    do {
      wides[group] = try wides[group, default: .zero].adding(value)
    } catch {
      noteSpecial(Special.beyondRange, group)
    }
  }

  /// Gives each group its own scale, before a value of another scale than the common one is counted.
  private func keepScalesApart() {
    isEmpty = false
    guard isUniform else { return }
    isUniform = false
    groupScales.grow(to: counts.count)
    for group in 0..<counts.count { groupScales[group] = UInt16(counts[group] > 0 ? scale : 0) }
  }

  @inline(__always)
  private func noteScale(_ valueScale: Int, _ group: Int) {
    groupScales[group] = max(groupScales[group], UInt16(truncatingIfNeeded: valueScale))
  }

  /// Raises the common scale to that of a value, if it may be; true if the value can be aligned to it.
  private func adapt(to valueScale: Int) -> Bool {
    if valueScale < scale { return true }
    if valueScale > Self.largestCommonScale { return false }
    let difference = valueScale - scale
    for group in 0..<sums.count where sums[group] != 0 {
      if let scaled = Self.scaled(sums[group], by: difference) {
        sums[group] = scaled
      } else {
        addAside(Decimal(mantissa: sums[group], scale: scale), to: group)
        sums[group] = 0
      }
    }
    scale = valueScale
    return true
  }

  static func scaled(_ mantissa: Int128, by decimals: Int) -> Int128? {
    if decimals == 0 { return mantissa }
    guard decimals < powersOfTen.count else { return mantissa == 0 ? 0 : nil }
    let (product, tooBig) = mantissa.multipliedReportingOverflow(by: powersOfTen[decimals])
    return tooBig ? nil : product
  }

  static let powersOfTen: [Int128] = (0..<38).reduce(into: [1]) { powers, _ in
    powers.append(powers[powers.count - 1] * 10)
  }

  /// The mantissa of a sum that lies in `sums` alone and is shown with their scale, as nearly all are.
  @inline(__always)
  private func plainSum(_ group: Int) -> Int128? {
    guard isUniform, wides.isEmpty, sums[group] != .min else { return nil }
    return sums[group]
  }

  func displayScale(_ group: Int) -> Int {
    counts[group] == 0 ? 0 : isUniform ? scale : Int(groupScales[group])
  }

  func special(_ group: Int) -> UInt8 { specials.count == 0 ? 0 : specials[group] }

  /// The sum, exactly, with the largest scale of its values.
  /// - Throws: `Fault` `out_of_range` beyond numeric's range.
  func total(_ group: Int) throws(Fault) -> Decimal {
    switch special(group) & ~Special.beyondRange {
    case 0: break
    case Special.infinity: return .infinity
    case Special.negativeInfinity: return .negativeInfinity
    default: return .notANumber
    }
    guard special(group) == 0 else { throw Fault.outOfRange("numeric", "sum") }
    let shown = displayScale(group)
    if wides.isEmpty, shown <= scale {
      // Dividing 128 bits by one is not free.
      if shown == scale { return Decimal(mantissa: sums[group], scale: scale) }
      return Decimal(mantissa: sums[group] / Self.powersOfTen[scale - shown], scale: shown)
    }
    do {
      let sum = Decimal(mantissa: sums[group], scale: scale)
      guard let wide = wides[group] else { return try sum.rounded(toScale: shown) }
      return try wide.adding(sum).rounded(toScale: shown)
    } catch {
      throw Fault.outOfRange("numeric", "sum")
    }
  }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(signed: counts[group])
    if counts[group] == 0 { return }
    let special = special(group)
    if special == 0, let sum = plainSum(group) {
      writer.append(special)
      writer.append(length: scale)
      return writer.append(signed: sum)
    }
    do {
      let total = special == 0 ? try total(group) : .zero
      writer.append(special)
      writer.append(length: displayScale(group))
      writer.append(decimal: total)
    } catch {
      writer.append(Special.beyondRange)
      writer.append(length: displayScale(group))
      writer.append(decimal: .zero)
    }
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    _ = try mergeCounted(group, from: &reader)
  }

  /// Merges, and says the scale of the sum that was read; nil where there was none.
  func mergeCounted(_ group: Int, from reader: inout ByteReader) throws(Fault) -> Int? {
    let count = try reader.readSigned()
    if count == 0 { return nil }
    let special = try reader.readByte()
    let shown = try reader.readLength(limit: Decimal.maximumScale)
    let mantissa = try reader.readMantissa()
    let sum: Decimal =
      if let mantissa { Decimal(mantissa: mantissa, scale: shown) } else {
        try reader.readDecimal(scale: shown)
      }
    let (total, tooBig) = counts[group].addingReportingOverflow(count)
    guard !tooBig, count > 0, special <= Special.all, sum.isFinite else {
      throw ByteReader.damaged("a sum is out of range")
    }
    if isEmpty && shown <= Self.largestCommonScale {
      isEmpty = false
      scale = shown
    }
    if shown != scale { keepScalesApart() }
    counts[group] = total
    if special != 0 { noteSpecial(special, group) }
    if let mantissa = mantissa ?? sum.parts?.mantissa {
      add(mantissa, scale: shown, to: group)
    } else {
      if !isUniform { noteScale(shown, group) }
      addAside(sum, to: group)
    }
    return shown
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    let count = counts[group]
    column.setValid(row)
    if result.function == .count {
      column.integers[row] = count
      return
    }
    guard count > 0 else { return column.writeNull(row) }
    if result.function == .sum, column.form == .numerics, special(group) == 0, let sum = plainSum(group) {
      return column.setNumeric(row, sum, scale: scale)
    }
    let total = try total(group)
    if result.function == .avg {
      do {
        column.setNumeric(row, try total.divided(by: Decimal(count)))
      } catch {
        throw Fault(error, in: "avg")
      }
    } else if column.form == .integers {
      guard let (mantissa, _) = total.parts, let sum = Int64(exactly: mantissa) else {
        throw Fault.outOfRange("bigint", "sum")
      }
      column.integers[row] = sum
    } else {
      column.setNumeric(row, total)
    }
  }
}

extension ByteWriter {
  /// A decimal whose scale the reader knows: its mantissa, or its text where it has more than 38 digits.
  func append(decimal: Decimal) {
    if let (mantissa, _) = decimal.parts {
      append(signed: mantissa)
    } else {
      append(0)
      var text: [UInt8] = []
      decimal.appendText(to: &text)
      text.withUnsafeBufferPointer { append(lengthAnd: $0) }
    }
  }
}

extension ByteReader {
  /// The mantissa of a decimal; `nil`, and nothing is read, where it is one of those that `readDecimal` must read.
  @inline(__always)
  mutating func readMantissa() throws(Fault) -> Int128? {
    guard position < end, bytes[position] != 0 else { return nil }
    return try readSigned128()
  }

  mutating func readDecimal(scale: Int) throws(Fault) -> Decimal {
    if position < end, bytes[position] == 0 {
      position += 1
      let range = try readLengthAndRange()
      do {
        return try Decimal(parsing: String(decoding: bytes[range], as: UTF8.self))
      } catch {
        throw Self.damaged("a number is malformed")
      }
    }
    return Decimal(mantissa: try readSigned128(), scale: scale)
  }
}
