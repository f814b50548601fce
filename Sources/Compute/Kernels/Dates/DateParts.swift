internal import Expressions
internal import Model

/// `extract(part from x)` and `date_part`.
struct PartExtraction: UnaryKernel {
  let part: DateTimePart
  let source: SQLType
  let zone: ZoneRules?
  /// `date_part`, which computes in double precision.
  let isDouble: Bool
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    // An infinite moment lacks most parts: NULL, found out before the rows are mapped.
    if source != .interval { markMissing(rows, from, out, frame) }
    if isDouble {
      out.mapDoubles(rows, frame) { row throws(RowFault) in try double(from, row) ?? 0 }
    } else {
      out.mapNumerics(rows, frame) { row throws(RowFault) in try exact(from, row) ?? .zero }
    }
  }

  private func markMissing(_ rows: Rows, _ from: Column, _ out: Column, _ frame: Frame) {
    let lanes = from.integers
    let (low, high) = source == .date ? (Int64(Int32.min), Int64(Int32.max)) : (Int64.min, Int64.max)
    rows.forEach { row in
      guard from.isValid(row), lanes[row] == low || lanes[row] == high else { return }
      do throws(RowFault) {
        if try exact(from, row) == nil { out.writeNull(row) }
      } catch {
        out.writeNull(row)
        frame.fail(row, error)
      }
    }
  }

  private func exact(_ from: Column, _ row: Int) throws(RowFault) -> Decimal? {
    switch source {
    case .date: try DateValue(days: Int32(truncatingIfNeeded: from.integers[row])).extract(part)
    case .interval: try from.intervals[row].extract(part)
    default: try Timestamp(microseconds: from.integers[row]).extract(part, in: zone)
    }
  }

  private func double(_ from: Column, _ row: Int) throws(RowFault) -> Double? {
    switch source {
    case .date: return try exact(from, row)?.double()
    case .interval: return try from.intervals[row].datePart(part)
    default: return try Timestamp(microseconds: from.integers[row]).datePart(part, in: zone)
    }
  }
}

/// `date_trunc(part, x[, zone])`.
struct Truncation: UnaryKernel {
  let part: DateTimePart
  /// Where `x` is a `timestamptz`: the zone along whose wall clock it is cut.
  let zone: ZoneRules?
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    if from.form == .intervals {
      let lanes = from.intervals
      out.mapIntervals(rows, frame) { row throws(RowFault) in try lanes[row].truncated(to: part) }
      return
    }
    let lanes = from.integers
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      try Timestamp(microseconds: lanes[row]).truncated(to: part, in: zone).microseconds
    }
  }
}

/// `x AT TIME ZONE zone`, from a `timestamp` to a `timestamptz` or back.
struct ZoneShift: UnaryKernel {
  let isToLocal: Bool
  let zone: ZoneRules
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.integers
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let moment = Timestamp(microseconds: lanes[row])
      return isToLocal ? try zone.local(moment).microseconds : try zone.moment(ofLocal: moment).microseconds
    }
  }
}

/// `make_date(year, month, day)`.
struct MakeDate: Kernel {
  let operands: [Register]
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (years, months, days, out) = (
      frame[operands[0]], frame[operands[1]], frame[operands[2]], frame[output]
    )
    out.takeNulls(of: years, months)
    out.addNulls(of: days)
    let (year, month, day) = (years.integers, months.integers, days.integers)
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      Int64(
        try DateValue(
          year: Int32(truncatingIfNeeded: year[row]), month: Int32(truncatingIfNeeded: month[row]),
          day: Int32(truncatingIfNeeded: day[row])
        ).days)
    }
  }
}

/// `date_bin(stride, x, origin)`.
struct DateBin: Kernel {
  let operands: [Register]
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (strides, from, origins, out) = (
      frame[operands[0]], frame[operands[1]], frame[operands[2]], frame[output]
    )
    out.takeNulls(of: strides, from)
    out.addNulls(of: origins)
    let (stride, moment, origin) = (strides.intervals, from.integers, origins.integers)
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      try Timestamp(microseconds: moment[row]).binned(
        stride: stride[row], origin: Timestamp(microseconds: origin[row])
      ).microseconds
    }
  }
}
