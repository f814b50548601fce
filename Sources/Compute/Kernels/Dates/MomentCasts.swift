internal import Model

/// Between `date`, `timestamp` and `timestamptz`, by the job's zone.
struct MomentCast: Kernel {
  let source: SQLType
  let type: SQLType
  let zone: ZoneRules
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, out) = (frame[operand], frame[output])
    out.takeNulls(of: from)
    let lanes = from.integers
    out.mapIntegers(rows, frame) { row throws(RowFault) in try converted(lanes[row]) }
  }

  private func converted(_ lane: Int64) throws(RowFault) -> Int64 {
    var moment =
      source == .date
      ? try Timestamp(DateValue(days: Int32(truncatingIfNeeded: lane))) : Timestamp(microseconds: lane)
    // All ways lead over the wall clock, which `date` and `timestamp` show.
    if source == .timestamptz && type != .timestamptz { moment = try zone.local(moment) }
    switch type {
    case .date: return Int64(moment.date.days)
    case .timestamptz where source != .timestamptz: return try zone.moment(ofLocal: moment).microseconds
    default: return moment.microseconds
    }
  }
}

/// Text as a date, time or interval, read under DateStyle ISO, YMD.
struct TextToMoment: Kernel {
  let type: SQLType
  let zones: ZoneContext
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, out) = (frame[operand], frame[output])
    out.takeNulls(of: from)
    if type == .interval {
      out.mapIntervals(rows, frame) { row throws(RowFault) in
        try CalendarInterval(parsing: TextParsing.text(from.bytes(row)))
      }
      return
    }
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let text = TextParsing.text(from.bytes(row))
      return switch type {
      case .date: Int64(try DateValue(parsing: text, zones: zones).days)
      case .timestamptz: try Timestamp(parsingMoment: text, zones: zones).microseconds
      default: try Timestamp(parsing: text, zones: zones).microseconds
      }
    }
  }
}
