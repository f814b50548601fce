internal import Model
internal import Sinks
internal import Timetable

extension TargetResolver {
  /// The span that the run makes again, in the terms of the window column.
  func window(
    _ rule: TableSinkRule, result: [ColumnSchema]
  ) throws(Fault) -> TableTarget.Window {
    guard let window = rule.window, let column = result.first(where: { $0.name == window.text }) else {
      throw Fault("missing_key", .validation, "Mode `replace_window` needs `window`", place: rule.place)
    }
    guard let replaced = context.spans?.replaced else {
      throw Fault(
        "no_interval", .validation, "Mode `replace_window` needs an interval, and this job has none",
        place: rule.place, hint: "Give the job `interval: {span: day}`")
    }
    if column.type == .timestamp, let stretch = repeatedStretch(cutBy: replaced) {
      let zone = context.zone
      throw Fault(
        "bad_window", .validation,
        "The clocks of \(zone.name) show \(stretch.from) to \(stretch.to) twice, of which this run replaces one part; `\(column.name)` does not tell them apart",
        place: window.place, cause: "Replacing the one would delete rows of the other",
        hint: "Let `window` name a timestamptz column, or choose intervals of whole days")
    }
    return TableTarget.Window(
      column: column.name, lower: try bound(replaced.start, column, window.place),
      upper: try bound(replaced.end, column, window.place), place: window.place)
  }

  private func bound(_ instant: Instant, _ column: ColumnSchema, _ place: Place) throws(Fault) -> Value {
    let moment = Timestamp(microseconds: instant.postgresMicroseconds)
    let local = moment.microseconds + Int64(context.zone.offset(at: moment)) * 1_000_000
    switch column.type {
    case .timestamptz: return .timestamptz(moment.microseconds)
    case .timestamp: return .timestamp(local)
    case .date:
      let days = local.floorDivided(by: Timestamp.microsecondsPerDay)
      // Where clocks skip midnight, the day begins later.
      let before = Timestamp(microseconds: moment.microseconds - 1)
      let localBefore = before.microseconds + Int64(context.zone.offset(at: before)) * 1_000_000
      guard localBefore.floorDivided(by: Timestamp.microsecondsPerDay) < days else {
        throw Fault(
          "bad_window", .validation,
          "The interval does not begin and end at midnight, so it cannot be replaced by the date column `\(column.name)`",
          place: place, hint: "Let `window` name a timestamp column, or choose intervals of whole days")
      }
      return .date(Int32(clamping: days))
    default:
      throw Fault(
        "bad_window", .validation,
        "`window` names `\(column.name)`, which is \(column.type.sqlName); it must be a date or timestamp",
        place: place,
        hint: "Name the result column that says when a row was, or derive one: `day: moment::date`")
    }
  }

  /// Local times that the clocks show twice, of which `span` holds something, but not both in full.
  private func repeatedStretch(cutBy span: TimeRange) -> (from: Timestamp, to: Timestamp)? {
    var second = span.start.seconds - LocalTime.secondsPerDay
    while let change = context.zone.nextTransition(afterUnixSeconds: Int64(second)) {
      second = Int(change.at)
      let back = change.before.offset - change.after.offset
      if second - back >= span.end.seconds { return nil }
      if back <= 0 { continue }
      let stretch = Instant(seconds: second - back)..<Instant(seconds: second + back)
      guard stretch.overlaps(span.start..<span.end),
        stretch.lowerBound < span.start || span.end < stretch.upperBound
      else { continue }
      func local(_ instant: Instant) -> Timestamp {
        context.zone.wallClock(Timestamp(microseconds: instant.postgresMicroseconds))
      }
      return (local(stretch.lowerBound), local(stretch.upperBound))
    }
    return nil
  }
}
