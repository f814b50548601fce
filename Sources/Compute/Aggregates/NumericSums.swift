import Expressions
import Model

/// `sum`, `avg` and `count` over integers and numerics, exact to the last digit.
///
/// A sum is an `Int128` mantissa at one scale for all groups. What does not fit (sums beyond 38 digits, values
/// of more than 24 decimals) is kept aside in `WideSums`; the total is always both together.
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
  private var wides = WideSums()
  private let specials = Lane<UInt8>(0)

  static let largestCommonScale = 24

  enum Special {
    static let notANumber: UInt8 = 1
    static let infinity: UInt8 = 2
    static let negativeInfinity: UInt8 = 4
    static let all: UInt8 = 7
  }

  /// - Parameter type: of the argument.
  init(_ type: SQLType) { self.type = type }

  var memory: Int {
    counts.memory + sums.memory + groupScales.memory + specials.memory + wides.memory
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
    wides = WideSums()
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
    for (group, sum) in overflowing { wides.add(Decimal(mantissa: sum, scale: scale), to: group) }
  }

  /// Adds a value; its group's count is the caller's.
  private func add(_ mantissa: Int128, scale valueScale: Int, to group: Int) {
    if !isUniform { noteScale(valueScale, group) }
    if valueScale != scale, !adapt(to: valueScale) {
      return wides.add(Decimal(mantissa: mantissa, scale: valueScale), to: group)
    }
    guard let aligned = Self.scaled(mantissa, by: scale - valueScale) else {
      return wides.add(Decimal(mantissa: mantissa, scale: valueScale), to: group)
    }
    let (sum, tooBig) = sums[group].addingReportingOverflow(aligned)
    if tooBig {
      wides.add(Decimal(mantissa: sums[group], scale: scale), to: group)
      sums[group] = aligned
    } else {
      sums[group] = sum
    }
  }

  private func add(_ value: Decimal, to group: Int) {
    if value.isFinite {
      noteScale(value.scale, group)
      wides.add(value, to: group)
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
        wides.add(Decimal(mantissa: sums[group], scale: scale), to: group)
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
    switch special(group) {
    case 0: break
    case Special.infinity: return .infinity
    case Special.negativeInfinity: return .negativeInfinity
    default: return .notANumber
    }
    if let sum = narrowSum(group) { return Decimal(mantissa: sum, scale: displayScale(group)) }
    do {
      return try Decimal(finiteSum(group))
    } catch {
      throw Fault.outOfRange("numeric", "sum")
    }
  }

  /// The mantissa of a sum that lies in `sums` alone, at its display scale.
  private func narrowSum(_ group: Int) -> Int128? {
    let shown = displayScale(group)
    guard shown <= scale, sums[group] != .min, wides.isEmpty || !wides.contains(group) else { return nil }
    // Dividing 128 bits by one is not free.
    return shown == scale ? sums[group] : sums[group] / Self.powersOfTen[scale - shown]
  }

  /// The sum of the values that are finite, with the largest scale of theirs, whether or not a numeric holds it.
  func finiteSum(_ group: Int) -> DecimalDigits {
    var sum = DecimalDigits(mantissa: sums[group], scale: scale)
    if let wide = wides.total(group) { sum = sum.adding(wide) }
    sum.round(to: displayScale(group))
    return sum
  }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(signed: counts[group])
    if counts[group] == 0 { return }
    let special = special(group)
    writer.append(special)
    if special == 0, let sum = plainSum(group) {
      writer.append(length: scale)
      return writer.append(signed: sum)
    }
    writer.append(length: displayScale(group))
    if special != 0 {
      writer.append(signed: Int128(0))
    } else if let sum = narrowSum(group) {
      writer.append(signed: sum)
    } else {
      writer.append(digits: finiteSum(group))
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
    let digits = mantissa == nil ? try reader.readDigits(scale: shown) : nil
    let (total, tooBig) = counts[group].addingReportingOverflow(count)
    guard !tooBig, count > 0, special <= Special.all else {
      throw ByteReader.damaged("a sum is out of range")
    }
    if isEmpty && shown <= Self.largestCommonScale {
      isEmpty = false
      scale = shown
    }
    if shown != scale { keepScalesApart() }
    counts[group] = total
    if special != 0 { noteSpecial(special, group) }
    if let mantissa {
      add(mantissa, scale: shown, to: group)
    } else if let digits {
      if !isUniform { noteScale(shown, group) }
      wides.add(digits, to: group)
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

  /// The same of a number that may be none that a numeric holds.
  func append(digits: DecimalDigits) {
    if let mantissa = digits.mantissa { return append(signed: mantissa) }
    append(0)
    var text: [UInt8] = []
    digits.appendText(to: &text)
    text.withUnsafeBufferPointer { append(lengthAnd: $0) }
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
  mutating func readDigits(scale: Int) throws(Fault) -> DecimalDigits {
    if position < end, bytes[position] == 0 {
      position += 1
      let range = try readLengthAndRange()
      guard let digits = DecimalDigits(text: bytes[range]) else {
        throw Self.damaged("a number is malformed")
      }
      return digits
    }
    return DecimalDigits(mantissa: try readSigned128(), scale: scale)
  }
}
