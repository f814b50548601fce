import Expressions
import Model

/// `sum`, `avg`, `var_*` and `stddev_*` over floats: exact sums, rounded once, at the end.
///
/// So the result does not depend on the rows' order, and is the nearest number to the true one. Postgres's
/// own sums round at every addition, and fail where one on the way is too large; here only a result can be.
/// A sum of nothing but -0 is 0.
final class FloatSums: Accumulator {
  private let sums = ExactSums(bias: ExactSums.sumBias)
  private let squares: ExactSums?
  private let counts = Lane<Int64>(0)
  /// `NumericSums.Special` per group; empty while there is none.
  private let specials = Lane<UInt8>(0)

  private typealias Special = NumericSums.Special

  /// - Parameter squares: also sums up the squares, for variances.
  init(squares: Bool) {
    self.squares = squares ? ExactSums(bias: ExactSums.squareBias) : nil
  }

  var memory: Int { sums.memory + (squares?.memory ?? 0) + counts.memory + specials.memory }

  func grow(to count: Int) {
    sums.grow(to: count)
    squares?.grow(to: count)
    counts.grow(to: count)
    if specials.count > 0 { specials.grow(to: count) }
  }

  func removeAll() {
    sums.removeAll()
    squares?.removeAll()
    counts.removeAll()
    specials.removeAll()
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let lanes = arguments[0].doubles
    rows.forEachValue(of: arguments[0]) { row, group in
      counts[group] &+= 1
      let value = lanes[row]
      guard value.isFinite else {
        return note(
          value.isNaN
            ? Special.notANumber : value > 0 ? Special.infinity : Special.negativeInfinity, group)
      }
      sums.add(value, to: group)
      squares?.addSquare(value, to: group)
    }
  }

  private func note(_ special: UInt8, _ group: Int) {
    specials.grow(to: counts.count)
    specials[group] |= special
  }

  private func special(_ group: Int) -> UInt8 { specials.count == 0 ? 0 : specials[group] }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(signed: counts[group])
    writer.append(special(group))
    sums.write(group, to: writer)
    squares?.write(group, to: writer)
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let (count, tooBig) = counts[group].addingReportingOverflow(try reader.readSigned())
    let special = try reader.readByte()
    if tooBig || count < 0 { throw ByteReader.damaged("a count is out of range") }
    counts[group] = count
    if special != 0 { note(special, group) }
    try sums.merge(group, from: &reader)
    try squares?.merge(group, from: &reader)
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    let count = counts[group]
    let isSample = result.function == .varSamp || result.function == .stddevSamp
    guard count > (isSample ? 1 : 0) else { return column.writeNull(row) }
    let value: Double
    switch result.function {
    case .sum: value = column.type == .real ? Double(sum(group, as: Float.self)) : sum(group, as: Double.self)
    case .avg: value = average(group, count)
    case .varPop, .varSamp: value = spread(group, count, isSample: isSample, isRoot: false)
    default: value = spread(group, count, isSample: isSample, isRoot: true)
    }
    if value.isInfinite && special(group) == 0 {
      throw Fault.outOfRange(column.type.sqlName, result.function.rawValue)
    }
    column.setValid(row)
    column.doubles[row] = value
  }

  /// What NaN and infinities among the values make of a sum; nil where there are none.
  private func specialSum(_ group: Int) -> Double? {
    switch special(group) {
    case 0: nil
    case Special.infinity: .infinity
    case Special.negativeInfinity: -.infinity
    default: .nan
    }
  }

  private func sum<Number: BinaryFloatingPoint>(_ group: Int, as type: Number.Type) -> Number {
    if let special = specialSum(group) { return Number(special) }
    let (isNegative, magnitude) = sums.total(group)
    let rounded = magnitude.rounded(to: type)
    return isNegative ? -rounded : rounded
  }

  private func average(_ group: Int, _ count: Int64) -> Double {
    if let special = specialSum(group) { return special }
    let (isNegative, magnitude) = sums.total(group)
    if magnitude.isZero { return 0 }
    let rounded = magnitude.divided(by: UInt64(count)).rounded(to: Double.self)
    return isNegative ? -rounded : rounded
  }

  /// `(n * sum of squares - sum^2) / (n * (n or n - 1))`, or its root.
  private func spread(_ group: Int, _ count: Int64, isSample: Bool, isRoot: Bool) -> Double {
    guard specialSum(group) == nil, let squares else { return .nan }
    let sum = sums.total(group).magnitude
    let scaled = squares.total(group).magnitude.multiplied(by: UInt64(count))
    guard let numerator = scaled.subtracting(sum.multiplied(by: sum)), !numerator.isZero else { return 0 }
    let degrees = UInt64(isSample ? count - 1 : count)
    let variance = numerator.divided(by: UInt64(count)).divided(by: degrees)
    return isRoot ? variance.squareRoot().rounded(to: Double.self) : variance.rounded(to: Double.self)
  }
}
