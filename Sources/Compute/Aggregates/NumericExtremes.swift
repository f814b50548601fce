import Expressions
import Model

/// `min` and `max` over numerics. Of equal values with different scales the one with the largest is kept.
final class NumericExtremes: Accumulator {
  private let isMaximum: Bool
  private let mantissas = Lane<Int128>(0)
  /// The scale of the mantissa, or one of the marks below.
  private let scales = Lane<Int16>(NumericExtremes.none)
  /// Values that are NaN, infinite or longer than 38 digits.
  private var others: [Int: Decimal] = [:]

  private static let none: Int16 = -1
  private static let other: Int16 = -2

  init(isMaximum: Bool) { self.isMaximum = isMaximum }

  var memory: Int { mantissas.memory + scales.memory + others.count * 96 }

  func grow(to count: Int) {
    mantissas.grow(to: count)
    scales.grow(to: count)
  }

  func removeAll() {
    mantissas.removeAll()
    scales.removeAll()
    others = [:]
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let column = arguments[0]
    guard column.width == .narrow, let common = column.scale else {
      return rows.forEachValue(of: column) { row, group in take(column.decimal(row), group) }
    }
    let lanes = column.integers
    let scale = Int16(truncatingIfNeeded: common)
    let isMaximum = isMaximum
    var differing: [(group: Int, value: Int64)] = []
    let (mantissas, scales) = (mantissas.base, scales.base)
    rows.forEachValue(of: column) { row, group in
      let value = Int128(lanes[row])
      if scales[group] == scale {
        if isMaximum ? value > mantissas[group] : value < mantissas[group] { mantissas[group] = value }
      } else if scales[group] == Self.none {
        scales[group] = scale
        mantissas[group] = value
      } else {
        differing.append((group, lanes[row]))
      }
    }
    for (group, value) in differing { take(Decimal(mantissa: Int128(value), scale: common), group) }
  }

  private func value(_ group: Int) -> Decimal? {
    switch scales[group] {
    case Self.none: nil
    case Self.other: others[group]
    case let scale: Decimal(mantissa: mantissas[group], scale: Int(scale))
    }
  }

  private func take(_ value: Decimal, _ group: Int) {
    if let kept = self.value(group) {
      let order = Decimal.order(value, kept)
      if order == 0 ? value.scale <= kept.scale : (order > 0) != isMaximum { return }
    }
    if let (mantissa, scale) = value.parts {
      mantissas[group] = mantissa
      scales[group] = Int16(truncatingIfNeeded: scale)
    } else {
      others[group] = value
      scales[group] = Self.other
    }
  }

  func write(_ group: Int, to writer: ByteWriter) {
    if scales[group] >= 0 {
      writer.append(1)
      writer.append(length: Int(scales[group]))
      return writer.append(signed: mantissas[group])
    }
    guard let value = value(group) else { return writer.append(0) }
    writer.append(1)
    writer.append(length: value.scale)
    writer.append(decimal: value)
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    if try reader.readByte() == 0 { return }
    let scale = try reader.readLength(limit: Decimal.maximumScale)
    guard let mantissa = try reader.readMantissa() else {
      return take(try reader.readDecimal(scale: scale), group)
    }
    if scales[group] == Self.none, mantissa != .min {
      scales[group] = Int16(truncatingIfNeeded: scale)
      mantissas[group] = mantissa
    } else if Int(scales[group]) == scale {
      if isMaximum ? mantissa > mantissas[group] : mantissa < mantissas[group] { mantissas[group] = mantissa }
    } else {
      take(Decimal(mantissa: mantissa, scale: scale), group)
    }
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    if scales[group] >= 0 {
      column.setValid(row)
      return column.setNumeric(row, mantissas[group], scale: Int(scales[group]))
    }
    guard let value = value(group) else { return column.writeNull(row) }
    column.setValid(row)
    column.setNumeric(row, value)
  }
}
