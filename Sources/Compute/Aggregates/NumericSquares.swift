import Expressions
import Model

/// `var_*` and `stddev_*` over integers and numerics: exact sums of values and of squares.
///
/// The square of an `Int64` mantissa goes into 192 bits per group, at twice the common scale; all else into a
/// `Decimal` kept aside.
final class NumericSquares: Accumulator {
  private let sums: NumericSums
  private let low = Lane<UInt128>(0)
  private let high = Lane<UInt64>(0)
  /// The scale of the values whose squares are in `low` and `high`; nil before the first.
  private var scale: Int?
  private var wides: [Int: Decimal] = [:]
  /// Groups whose squares no numeric can hold.
  private var beyondRange: Set<Int> = []

  /// - Parameter type: of the argument.
  init(_ type: SQLType) { sums = NumericSums(type) }

  var memory: Int { sums.memory + low.memory + high.memory + wides.count * 96 }

  func grow(to count: Int) {
    sums.grow(to: count)
    low.grow(to: count)
    high.grow(to: count)
  }

  func removeAll() {
    sums.removeAll()
    low.removeAll()
    high.removeAll()
    scale = nil
    wides = [:]
    beyondRange = []
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    sums.update(rows, arguments)
    let column = arguments[0]
    let common = column.form == .integers ? 0 : column.width == .narrow ? column.scale : nil
    if let common, scale == nil || scale == common {
      scale = common
      let lanes = column.integers
      return rows.forEachValue(of: column) { row, group in
        let magnitude = lanes[row].magnitude
        let square = magnitude.multipliedFullWidth(by: magnitude)
        add(UInt128(square.high) << 64 | UInt128(square.low), to: group)
      }
    }
    rows.forEachValue(of: column) { row, group in
      let value = column.form == .integers ? Decimal(column.integers[row]) : column.decimal(row)
      guard value.isFinite else { return }
      do {
        try addAside(value.multiplied(by: value), to: group)
      } catch {
        beyondRange.insert(group)
      }
    }
  }

  @inline(__always)
  private func add(_ square: UInt128, to group: Int) {
    let (sum, carried) = low[group].addingReportingOverflow(square)
    low[group] = sum
    if carried { high[group] &+= 1 }
  }

  private func addAside(_ square: Decimal, to group: Int) throws(RowFault) {
    wides[group] = try wides[group, default: .zero].adding(square)
  }

  /// The sum of the squares, with twice the scale of the sum.
  private func total(_ group: Int) throws(RowFault) -> Decimal {
    if beyondRange.contains(group) { throw .numericOverflow }
    let shown = sums.displayScale(group) * 2
    var total = try Self.decimal(high[group], low[group], scale: (scale ?? 0) * 2)
    if let wide = wides[group] { total = try total.adding(wide) }
    return try total.rounded(toScale: shown)
  }

  private static func decimal(
    _ high: UInt64, _ low: UInt128, scale: Int
  ) throws(RowFault) -> Decimal {
    if high == 0, let mantissa = Int128(exactly: low) { return Decimal(mantissa: mantissa, scale: scale) }
    let word = Decimal(Int128(1) << 64)
    let upper = try Decimal(Int128(high)).multiplied(by: word).adding(Decimal(Int128(low >> 64)))
    let whole = try upper.multiplied(by: word).adding(Decimal(Int128(UInt64(truncatingIfNeeded: low))))
    return try whole.multiplied(by: Decimal(mantissa: 1, scale: scale))
  }

  func write(_ group: Int, to writer: ByteWriter) {
    sums.write(group, to: writer)
    if sums.counts[group] == 0 { return }
    do {
      let total = sums.special(group) == 0 ? try total(group) : .zero
      writer.append(0)
      writer.append(decimal: total)
    } catch {
      writer.append(1)
      writer.append(decimal: .zero)
    }
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let shown = try sums.mergeCounted(group, from: &reader)
    guard let shown else { return }
    let isBeyond = try reader.readByte() != 0
    let squares = try reader.readDecimal(scale: shown * 2)
    if isBeyond { beyondRange.insert(group) }
    if scale == nil { scale = shown }
    if scale == shown, let (mantissa, _) = squares.parts, mantissa >= 0 {
      return add(UInt128(mantissa), to: group)
    }
    guard squares.isFinite else { throw ByteReader.damaged("a sum is out of range") }
    do {
      try addAside(squares, to: group)
    } catch {
      beyondRange.insert(group)
    }
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    let isSample = result.function == .varSamp || result.function == .stddevSamp
    let isVariance = result.function == .varSamp || result.function == .varPop
    let isSpecial = sums.special(group) != 0
    let sum = isSpecial ? Decimal.notANumber : try sums.total(group)
    let count = sums.counts[group]
    let value: Decimal?
    do {
      let squares = isSpecial ? Decimal.notANumber : try total(group)
      value =
        isVariance
        ? try Decimal.variance(sum: sum, sumOfSquares: squares, count: count, sample: isSample)
        : try Decimal.standardDeviation(sum: sum, sumOfSquares: squares, count: count, sample: isSample)
    } catch {
      throw Fault(error, in: result.function.rawValue)
    }
    guard let value else { return column.writeNull(row) }
    column.setValid(row)
    column.setNumeric(row, value)
  }
}
