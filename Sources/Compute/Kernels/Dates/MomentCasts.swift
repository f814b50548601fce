internal import Model

/// Between `date`, `timestamp` and `timestamptz`, by the job's zone.
struct MomentCast: UnaryKernel {
  let source: SQLType
  let type: SQLType
  let zone: ZoneRules
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.integers
    out.mapIntegers(rows, frame) { row throws(RowFault) in try converted(lanes[row]) }
  }

  func converted(_ lane: Int64) throws(RowFault) -> Int64 {
    var moment =
      source == .date
      ? try Timestamp(DateValue(days: Int32(truncatingIfNeeded: lane))) : Timestamp(microseconds: lane)
    // All ways lead over the wall clock, which `date` and `timestamp` show.
    if source == .timestamptz && type == .timestamp { moment = try zone.local(moment) }
    switch type {
    case .date: return Int64((source == .timestamptz ? zone.wallClock(moment) : moment).date.days)
    case .timestamptz where source != .timestamptz: return try zone.moment(ofLocal: moment).microseconds
    default: return moment.microseconds
    }
  }
}

/// A date or time as it is compared with a wider kind of time: what that cannot hold is put behind or before all
/// that it can, short of the infinities.
///
/// Source: `date2timestamp_opt_overflow` and its like in Postgres's `date.c` and `timestamp.c`.
struct MomentWidening: UnaryKernel {
  let cast: MomentCast
  var operand: Register { cast.operand }
  var output: Register { cast.output }

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let (lanes, to) = (from.integers, out.integers)
    rows.forEach { row in
      do throws(RowFault) {
        to[row] = try cast.converted(lanes[row])
      } catch {
        to[row] = lanes[row] < 0 ? Int64.min + 1 : Int64.max - 1
      }
    }
  }
}

extension Compiler {
  /// Both sides of a comparison as one type.
  /// - Parameter keepsLeft: the left register's own value is still needed.
  mutating func comparable(
    _ left: Register, _ right: Register, _ types: [SQLType], keepsLeft: Bool = false
  ) throws(Fault) -> (left: Register, right: Register) {
    func rank(_ type: SQLType) -> Int { type == .timestamptz ? 2 : type == .timestamp ? 1 : 0 }
    guard types.allSatisfy(\.isMoment), types[0] != types[1] else { return (left, right) }
    let isLeft = rank(types[0]) < rank(types[1])
    let (source, type) = isLeft ? (types[0], types[1]) : (types[1], types[0])
    let operand = isLeft ? left : right
    let widened = output(type)
    emit(
      MomentWidening(
        cast: MomentCast(source: source, type: type, zone: zones.session, operand: operand, output: widened)))
    if !isLeft || !keepsLeft { release(operand) }
    return isLeft ? (widened, right) : (left, widened)
  }
}

/// Text as a date, time or interval, read under DateStyle ISO, YMD.
struct TextToMoment: UnaryKernel {
  let type: SQLType
  let zones: ZoneContext
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
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
