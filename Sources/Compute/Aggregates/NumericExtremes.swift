import Expressions
import Model

/// `min` and `max` over numerics. Of equal values with different scales the one with the largest is kept.
///
/// While all values have one scale and fit into 64 bits, as those of a column nearly always do, a group takes
/// one `Int64`; the first other value moves all groups to lanes for any value.
final class NumericExtremes: Accumulator {
  private let isMaximum: Bool

  /// Mantissas at `nearScale`; `nothing` where a group has no value. Empty once `isNear` is false.
  private let near: Lane<Int64>
  private var nearScale: Int?
  private var isNear = true
  /// The mantissa that every other one is beyond.
  private let nothing: Int64

  private let mantissas = Lane<Int128>(0)
  /// The scale of the mantissa, or one of the marks below.
  private let scales = Lane<Int16>(NumericExtremes.none)
  /// Values that are NaN, infinite or longer than 38 digits.
  private var others: [Int: Decimal] = [:]

  private static let none: Int16 = -1
  private static let other: Int16 = -2

  init(isMaximum: Bool) {
    self.isMaximum = isMaximum
    nothing = isMaximum ? .min : .max
    near = Lane(nothing)
  }

  /// Mantissas that are near count as what takes their place when they are left, which is within one batch.
  var memory: Int {
    near.memory / MemoryLayout<Int64>.stride * Self.farStride + mantissas.memory + scales.memory
      + others.count * 96
  }

  /// Bytes of a group whose values are not near.
  private static let farStride = MemoryLayout<Int128>.stride + MemoryLayout<Int16>.stride

  func grow(to count: Int) {
    if isNear { return near.grow(to: count) }
    mantissas.grow(to: count)
    scales.grow(to: count)
  }

  func removeAll() {
    near.removeAll()
    nearScale = nil
    isNear = true
    mantissas.removeAll()
    scales.removeAll()
    others = [:]
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let column = arguments[0]
    let scale = column.width == .narrow ? column.scale : nil
    if isNear, scale == nil || scale != nearScale {
      // A scale without values, which a column of NULLs has too, says nothing.
      guard column.hasValue(rows.rows) else { return }
      if nearScale == nil { nearScale = scale }
    }
    // What is taken a second time, after a batch that is not near as a whole, changes nothing.
    if isNear, scale != nil, scale == nearScale, takeNear(rows, column) { return }
    leaveNear()
    if let scale { return takeNarrow(rows, column, scale: scale) }
    rows.forEachValue(of: column) { row, group in
      if let (mantissa, scale) = column.parts(row) {
        take(mantissa, scale: scale, group)
      } else {
        take(column.decimal(row), group)
      }
    }
  }

  /// - Returns: whether all values could be taken.
  private func takeNear(_ rows: GroupedRows, _ column: Column) -> Bool {
    let (near, lanes, nothing) = (near.base, column.integers, nothing)
    var isTaken = true
    // Written always: whether a value is the extreme so far cannot be guessed.
    if isMaximum {
      rows.forEachValue(of: column) { row, group in
        near[group] = max(near[group], lanes[row])
        isTaken = isTaken && lanes[row] != nothing
      }
    } else {
      rows.forEachValue(of: column) { row, group in
        near[group] = min(near[group], lanes[row])
        isTaken = isTaken && lanes[row] != nothing
      }
    }
    return isTaken
  }

  private func leaveNear() {
    guard isNear else { return }
    isNear = false
    mantissas.grow(to: near.count)
    scales.grow(to: near.count)
    for group in 0..<near.count where near[group] != nothing {
      mantissas[group] = Int128(near[group])
      scales[group] = Int16(truncatingIfNeeded: nearScale ?? 0)
    }
    near.removeAll()
  }

  /// Takes in a column of one scale, once `isNear` is false.
  private func takeNarrow(_ rows: GroupedRows, _ column: Column, scale: Int) {
    let (mantissas, scales, lanes, isMaximum) = (mantissas.base, scales.base, column.integers, isMaximum)
    let common = Int16(truncatingIfNeeded: scale)
    rows.forEachValue(of: column) { row, group in
      let value = Int128(lanes[row])
      if scales[group] == common {
        if isMaximum ? value > mantissas[group] : value < mantissas[group] { mantissas[group] = value }
      } else {
        take(value, scale: scale, group)
      }
    }
  }

  /// Mantissa and scale of a group's value, where it is none of the others.
  @inline(__always)
  private func parts(_ group: Int) -> (mantissa: Int128, scale: Int)? {
    if isNear { return near[group] == nothing ? nil : (Int128(near[group]), nearScale ?? 0) }
    return scales[group] < 0 ? nil : (mantissas[group], Int(scales[group]))
  }

  private func value(_ group: Int) -> Decimal? {
    if let (mantissa, scale) = parts(group) { return Decimal(mantissa: mantissa, scale: scale) }
    return others[group]
  }

  /// Takes a value in, once `isNear` is false.
  @inline(__always)
  private func take(_ mantissa: Int128, scale: Int, _ group: Int) {
    if scales[group] == Self.none, mantissa != .min {
      scales[group] = Int16(truncatingIfNeeded: scale)
      mantissas[group] = mantissa
    } else if Int(scales[group]) == scale {
      if isMaximum ? mantissa > mantissas[group] : mantissa < mantissas[group] { mantissas[group] = mantissa }
    } else {
      take(Decimal(mantissa: mantissa, scale: scale), group)
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
      others[group] = nil
    } else {
      others[group] = value
      scales[group] = Self.other
    }
  }

  func write(_ group: Int, to writer: ByteWriter) {
    if let (mantissa, scale) = parts(group) {
      writer.append(1)
      writer.append(length: scale)
      return writer.append(signed: mantissa)
    }
    guard let value = others[group] else { return writer.append(0) }
    writer.append(1)
    writer.append(length: value.scale)
    writer.append(decimal: value)
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    if try reader.readByte() == 0 { return }
    let scale = try reader.readLength(limit: Decimal.maximumScale)
    guard let mantissa = try reader.readMantissa() else {
      let decimal = try reader.readDecimal(scale: scale)
      leaveNear()
      return take(decimal, group)
    }
    if isNear, nearScale ?? scale == scale, let short = Int64(exactly: mantissa), short != nothing {
      nearScale = scale
      near[group] = isMaximum ? max(near[group], short) : min(near[group], short)
      return
    }
    leaveNear()
    take(mantissa, scale: scale, group)
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    if let (mantissa, scale) = parts(group) {
      column.setValid(row)
      return column.setNumeric(row, mantissa, scale: scale)
    }
    guard let value = others[group] else { return column.writeNull(row) }
    column.setValid(row)
    column.setNumeric(row, value)
  }
}
