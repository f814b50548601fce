import Expressions
import Model

/// `var_*` and `stddev_*` over integers and numerics: exact sums of values and of squares.
///
/// The square of an `Int64` mantissa goes into 192 bits per group, at twice the common scale; all else into `WideSums`.
final class NumericSquares: Accumulator {
  private let sums: NumericSums
  private let low = Lane<UInt128>(0)
  private let high = Lane<UInt64>(0)
  /// The scale of the values whose squares are in `low` and `high`; nil before the first.
  private var scale: Int?
  private var wides = WideSums()

  /// - Parameter type: of the argument.
  init(_ type: SQLType) { sums = NumericSums(type) }

  var memory: Int { sums.memory + low.memory + high.memory + wides.memory }

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
    wides = WideSums()
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
      if value.isFinite { wides.addSquare(of: value, to: group) }
    }
  }

  @inline(__always)
  private func add(_ square: UInt128, to group: Int) {
    let (sum, carried) = low[group].addingReportingOverflow(square)
    low[group] = sum
    if carried { high[group] &+= 1 }
  }

  /// The sum of the squares of the values that are finite, with twice the scale of their sum.
  private func total(_ group: Int) -> DecimalDigits {
    var total = Self.digits(high[group], low[group], scale: (scale ?? 0) * 2)
    if let wide = wides.total(group) { total = total.adding(wide) }
    total.round(to: sums.displayScale(group) * 2)
    return total
  }

  private static func digits(_ high: UInt64, _ low: UInt128, scale: Int) -> DecimalDigits {
    if high == 0, let mantissa = Int128(exactly: low) {
      return DecimalDigits(mantissa: mantissa, scale: scale)
    }
    func whole(_ mantissa: Int128) -> DecimalDigits { DecimalDigits(mantissa: mantissa, scale: 0) }
    let word = whole(Int128(1) << 64)
    let upper = whole(Int128(high)).multipliedExactly(by: word).adding(whole(Int128(low >> 64)))
    let number = upper.multipliedExactly(by: word).adding(whole(Int128(UInt64(truncatingIfNeeded: low))))
    return number.multipliedExactly(by: DecimalDigits(mantissa: 1, scale: scale))
  }

  func write(_ group: Int, to writer: ByteWriter) {
    sums.write(group, to: writer)
    if sums.counts[group] == 0 { return }
    // Set for squares without a sum, of which there are none by now.
    writer.append(0)
    if sums.special(group) != 0 {
      writer.append(signed: Int128(0))
    } else if let squares = narrowTotal(group) {
      writer.append(signed: squares)
    } else {
      writer.append(digits: total(group))
    }
  }

  /// The mantissa of a total that lies in 128 bits at its own scale, as nearly all do: no digits are made of it.
  private func narrowTotal(_ group: Int) -> Int128? {
    guard high[group] == 0, (scale ?? 0) == sums.displayScale(group), !wides.contains(group) else {
      return nil
    }
    return Int128(exactly: low[group])
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let shown = try sums.mergeCounted(group, from: &reader)
    guard let shown else { return }
    guard try reader.readByte() == 0 else { throw ByteReader.damaged("a sum of squares is missing") }
    guard let mantissa = try reader.readMantissa() else {
      return wides.add(try reader.readDigits(scale: shown * 2), to: group)
    }
    guard mantissa >= 0 else { throw ByteReader.damaged("a sum of squares is negative") }
    if scale == nil { scale = shown }
    if scale == shown {
      add(UInt128(mantissa), to: group)
    } else if shown * 2 <= Decimal.maximumScale {
      wides.add(Decimal(mantissa: mantissa, scale: shown * 2), to: group)
    } else {
      wides.add(DecimalDigits(mantissa: mantissa, scale: shown * 2), to: group)
    }
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    let isSample = result.function == .varSamp || result.function == .stddevSamp
    let isVariance = result.function == .varSamp || result.function == .varPop
    let isFinite = sums.special(group) == 0
    let sum = isFinite ? sums.finiteSum(group) : nil
    let squares = isFinite ? total(group) : nil
    let count = sums.counts[group]
    let value: Decimal?
    do {
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
