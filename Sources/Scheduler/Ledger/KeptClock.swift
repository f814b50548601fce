internal import Model
internal import Runtime
internal import Timetable

/// What makes a job due, as the state keeps it beside how far the job's ledger goes.
///
/// A schedule holds from the moment on that somebody first looks at it. Whoever finds that the state has another one
/// enters what that one still owed up to then, and begins with the new one; so a schedule that is edited has no
/// past, and none is lost that was due under the one before it.
struct KeptClock {
  let json: JSONValue

  init(json: JSONValue) { self.json = json }

  init(_ schedule: Schedule, zone: ZoneRules) {
    json = .object([
      .init("zone", .string(zone.name)),
      .init("due", .array(schedule.specs.map(KeptClock.json))),
      .init("gap", .string(schedule.gap.rawValue)), .init("overlap", .string(schedule.overlap.rawValue)),
      .init("except", .array(schedule.except.sorted().map(JSONValue.integer))),
    ])
  }

  private static func json(_ spec: Schedule.Spec) -> JSONValue {
    switch spec {
    case .cron(let source): .object([.init("cron", .string(source.text))])
    case .every(let period, _): .object([.init("every", .integer(period.components.seconds))])
    case .at(let instant, _): .object([.init("at", .integer(instant.microseconds))])
    }
  }

  /// When it was due.
  /// - Parameter schedule: the job's own now, for all else.
  /// - Returns: `nil` for what this program does not understand, as another one may have written it.
  func fires(_ schedule: Schedule, job: JobName, zones: ZoneFiles) -> FireCalendar? {
    var schedule = schedule
    let specs = json["due"]?.elements.map { KeptClock.spec($0, schedule.place) }
    guard let specs, !specs.contains(nil), let zone = json["zone"]?.stringValue,
      let gap = json["gap"]?.stringValue.flatMap(Schedule.GapPolicy.init(rawValue:)),
      let overlap = json["overlap"]?.stringValue.flatMap(Schedule.OverlapPolicy.init(rawValue:)),
      let except = json["except"]?.elements.compactMap(\.intValue)
    else { return nil }
    schedule.specs = specs.compactMap { $0 }
    (schedule.gap, schedule.overlap) = (gap, overlap)
    schedule.except = Set(except.compactMap(Int32.init(exactly:)))
    do {
      return FireCalendar(try FireRules(schedule, job: job), zone: try zones.rules(named: zone))
    } catch {
      // A zone that is there no more, or a rule that is refused now.
      return nil
    }
  }

  private static func spec(_ json: JSONValue, _ place: Place) -> Schedule.Spec? {
    if let text = json["cron"]?.stringValue { return .cron(SourceText(text)) }
    if let seconds = json["every"]?.intValue { return .every(.seconds(seconds), place) }
    if let microseconds = json["at"]?.intValue {
      return .at(Instant(microseconds: Int64(microseconds)), place)
    }
    return nil
  }
}
