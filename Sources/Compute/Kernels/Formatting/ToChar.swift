internal import Expressions
internal import Model

/// `to_char(x, pattern)` for times, intervals and numbers, in the patterns that depend on no locale.
struct ToChar: Kernel {
  let type: SQLType
  let zone: ZoneRules
  let operand: Register
  let pattern: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, patterns, out) = (frame[operand], frame[pattern], frame[output])
    out.takeNulls(of: from, patterns)
    // Patterns hardly ever change from row to row: the last one read is kept.
    var source: [UInt8]?
    var times = TimeTemplate([])
    var numbers = NumberTemplate([])
    rows.forEach { row in
      // An infinite moment has no fields, and Postgres gives NULL for it, as for times under an empty pattern.
      if out.isValid(row), isWithoutFields(from, row) || type.isMoment && patterns.slices[row].length == 0 {
        out.writeNull(row)
      }
    }
    out.mapBytes(rows, frame) { row throws(RowFault) in
      let bytes = patterns.bytes(row)
      if bytes.isEmpty { return }
      if source == nil || !(source ?? []).elementsEqual(bytes) {
        let text = Array(bytes)
        source = text
        if type.isMoment { times = TimeTemplate(text) } else { numbers = NumberTemplate(text) }
      }
      let text = type.isMoment ? try time(from, row, times) : try number(from, row, numbers)
      out.addText(text)
    }
  }

  private func isWithoutFields(_ from: Column, _ row: Int) -> Bool {
    type != .interval && type.isMoment && !Timestamp(microseconds: from.integers[row]).isFinite
  }

  private func time(_ from: Column, _ row: Int, _ template: TimeTemplate) throws(RowFault) -> String {
    if type == .interval { return try template.text(TimeFields(from.intervals[row])) }
    var moment = Timestamp(microseconds: from.integers[row])
    if type == .timestamptz { moment = zone.wallClock(moment) }
    guard let civil = moment.civil else { return "" }
    return try template.text(TimeFields(civil.date, civil.time))
  }

  private func number(_ from: Column, _ row: Int, _ template: NumberTemplate) throws(RowFault) -> String {
    switch type {
    case .smallint, .integer, .bigint:
      try template.text(Decimal(from.integers[row]), range: IntegerRange(type))
    case .real: try template.text(Float(from.doubles[row]), significantDigits: 6)
    case .double: try template.text(from.doubles[row], significantDigits: 15)
    default: try template.text(from.decimal(row))
    }
  }
}
