import Model
import Planning
import Sinks
import Testing
import Timetable

@testable import Engine

/// What references stand for, across the days on which clocks move.
@Suite struct RunContextTests {
  private func texts(_ context: RunContext, _ names: [String]) -> [String] {
    names.map { name in
      switch context.references[name] {
      case .value(let value, _)?: value.postgresText ?? "NULL"
      case .unavailable(let reason)?: "unavailable: \(reason)"
      case nil: "none"
      }
    }
  }

  /// Which zone that is may itself be a parameter.
  @Test(arguments: [
    ("2026-03-14 00:00", "2026-03-13 23:00:00+00"), ("2026-07-14", "2026-07-13 22:00:00+00"),
    ("2026-03-14 00:00+00", "2026-03-14 00:00:00+00"),
  ])
  func aMomentWithoutZoneIsByTheJobsClock(_ text: String, _ moment: String) throws {
    let parameter = Parameter(
      name: "since", type: .timestamptz, defaultValue: text, description: nil, place: EngineSamples.place)
    let context = try EngineSamples.context(
      EngineSamples.job(zone: "Europe/Berlin", parameters: [parameter]), .latest)
    #expect(texts(context, ["params.since"]) == [moment])
  }

  private static let day = IntervalRule(span: .day, lookback: CalendarAmount(days: 3), isDeclared: true)

  @Test(arguments: [
    // Clocks go forward and back in Berlin.
    ("2026-03-29", "2026-03-28 23:00:00+00", "2026-03-29 22:00:00+00"),
    ("2026-10-25", "2026-10-24 22:00:00+00", "2026-10-25 23:00:00+00"),
  ])
  func daysOfOtherLengths(_ day: String, _ start: String, _ end: String) throws {
    let context = try EngineSamples.context(
      EngineSamples.job(zone: "Europe/Berlin", interval: Self.day), .named(day))
    #expect(texts(context, ["interval.start", "interval.end"]) == [start, end])
    #expect(texts(context, ["interval.start_local", "interval.start_date"]) == ["\(day) 00:00:00", day])
    #expect(texts(context, ["interval.label", "interval.timezone"]) == [day, "Europe/Berlin"])
    let spans = try #require(context.spans)
    #expect(spans.window == spans.replaced)
    #expect(spans.window.end == spans.interval.end)
    #expect(texts(context, ["window.start_local"])[0].hasSuffix(" 00:00:00"))
    #expect(texts(context, ["window.end"]) == [end])
  }

  @Test(arguments: [
    (IntervalSpan.day, "2026-06-14T10:30:00Z", "2026-06-15T00:00:00Z", false, false),
    (.day, "2026-06-14T00:00:00Z", "2026-06-14T06:00:00Z", false, false),
    (.day, "2026-06-14T00:00:00Z", "2026-06-16T00:00:00Z", true, true),
    (.month, "2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z", true, true),
    (.fire, "2026-06-14T00:00:00Z", "2026-06-15T00:00:00Z", true, true),
    (.fire, "2026-06-14T00:00:00Z", "2026-06-14T06:00:00Z", false, false),
    // An hour belongs to the day that it begins in.
    (.hour, "2026-06-14T23:00:00Z", "2026-06-15T00:00:00Z", true, false),
  ])
  func aDateOfAnIntervalThatIsNotWholeDaysIsRefused(
    _ span: IntervalSpan, _ start: String, _ end: String, _ hasStart: Bool, _ hasEnd: Bool
  ) throws {
    let range = TimeRange(start: EngineSamples.instant(start), end: EngineSamples.instant(end))
    let context = try EngineSamples.context(
      EngineSamples.job(interval: IntervalRule(span: span, isDeclared: true)), .range(range))
    func refused(_ name: String) -> String {
      "unavailable: the interval is not whole days; use `${interval.\(name)_local}`"
    }
    #expect(
      texts(context, ["interval.start_date", "interval.end_date"]) == [
        hasStart ? String(start.prefix(10)) : refused("start"),
        hasEnd ? String(end.prefix(10)) : refused("end"),
      ])
  }

  /// In Cairo 2026-04-24 begins at 01:00, and is a whole day all the same.
  @Test func aDayWithoutMidnightIsAWholeDay() throws {
    let context = try EngineSamples.context(
      EngineSamples.job(zone: "Africa/Cairo", interval: Self.day), .named("2026-04-24"))
    #expect(
      texts(
        context,
        ["interval.start_date", "interval.end_date", "interval.start_local", "window.start_local"])
        == ["2026-04-24", "2026-04-25", "2026-04-24 01:00:00", "2026-04-21 00:00:00"])
  }

  @Test func withoutAnIntervalNothingStandsForIt() throws {
    let context = try EngineSamples.context(EngineSamples.job(), .latest)
    #expect(context.spans == nil)
    #expect(
      texts(context, ["interval.start", "window.label"])
        == Array(repeating: "unavailable: this job has no interval", count: 2))
    #expect(texts(context, ["fire.time"]) == ["2026-06-15 12:00:00+00"])
    #expect(throws: Fault.self) { try EngineSamples.context(EngineSamples.job(), .named("yesterday")) }
  }

  @Test func theZoneMayBeACellOfTheMatrix() throws {
    var job = EngineSamples.job(interval: Self.day)
    job.timezone = try Template(parsing: SourceText("${matrix.zone}"))
    let context = try EngineSamples.context(
      job, .named("2026-06-14"), matrixRow: MatrixRow(["zone": "Asia/Tokyo"]))
    #expect(texts(context, ["interval.start", "matrix.zone"]) == ["2026-06-13 15:00:00+00", "Asia/Tokyo"])
  }

  @Test func aRangeMustGoForward() {
    let now = EngineSamples.instant("2026-06-15T00:00:00Z")
    let fault = #expect(throws: Fault.self) {
      try EngineSamples.context(EngineSamples.job(), .range(TimeRange(start: now, end: now)))
    }
    #expect(fault?.code == "bad_interval")
  }

  // MARK: Window bounds

  private func window(
    zone: String, _ choice: IntervalChoice, column: SQLType, lookback: CalendarAmount? = nil
  ) throws -> [String] {
    let job = EngineSamples.job(
      zone: zone, interval: IntervalRule(span: .day, lookback: lookback, isDeclared: true))
    let context = try EngineSamples.context(job, choice)
    let resolver = TargetResolver(
      job: job, context: context, references: context.references,
      connections: EngineSamples.project.connections, isForced: false)
    let rule = TableSinkRule(
      connection: Template(literal: "shop"), name: Template(literal: "public.t"), mode: .replaceWindow,
      window: SourceText("day"), scope: [], key: nil, create: false, onEmpty: .fail, maxDelete: nil,
      beforePublish: [],
      afterPublish: [], publishPerChunk: false, place: EngineSamples.place)
    let target = try resolver.table(
      rule, sink: "1:table", result: [ColumnSchema(name: "day", type: column)], resultKey: ["day"])
    return [target.window?.lower, target.window?.upper].map { $0?.postgresText ?? "none" }
  }

  @Test func boundsAreInTheTermsOfTheColumn() throws {
    let choice = IntervalChoice.named("2026-03-29")
    #expect(try window(zone: "Europe/Berlin", choice, column: .date) == ["2026-03-29", "2026-03-30"])
    #expect(
      try window(zone: "Europe/Berlin", choice, column: .date, lookback: CalendarAmount(days: 3))
        == ["2026-03-26", "2026-03-30"])
    #expect(
      try window(zone: "Europe/Berlin", choice, column: .timestamp)
        == ["2026-03-29 00:00:00", "2026-03-30 00:00:00"])
    #expect(
      try window(zone: "Europe/Berlin", choice, column: .timestamptz)
        == ["2026-03-28 23:00:00+00", "2026-03-29 22:00:00+00"])
    #expect(throws: Fault.self) { try window(zone: "Europe/Berlin", choice, column: .text) }
  }

  /// In Cairo clocks skip the midnight that 2026-04-24 would begin with.
  @Test func aDayThatBeginsAtOneIsWhole() throws {
    #expect(
      try window(zone: "Africa/Cairo", .named("2026-04-24"), column: .date) == ["2026-04-24", "2026-04-25"])
    #expect(
      try window(zone: "Africa/Cairo", .named("2026-04-23"), column: .date) == ["2026-04-23", "2026-04-24"])
  }

  @Test func partsOfDaysAreNoDates() {
    let range = TimeRange(
      start: EngineSamples.instant("2026-06-14T01:00:00Z"), end: EngineSamples.instant("2026-06-15T00:00:00Z")
    )
    let fault = #expect(throws: Fault.self) { try window(zone: "UTC", .range(range), column: .date) }
    #expect(fault?.code == "bad_window")
  }

  /// On 2026-10-25 the clocks of Berlin show 02:00 to 03:00 twice.
  @Test(arguments: [
    ("2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z", true),
    ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", false),
    ("2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z", false),
    ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", false),
    ("2026-10-25T01:30:00Z", "2026-10-25T03:00:00Z", false),
    ("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", true),
    ("2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z", true),
    ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", true),
  ])
  func localTimesThatComeTwiceAreReplacedTogether(start: String, end: String, isTaken: Bool) throws {
    let range = TimeRange(start: EngineSamples.instant(start), end: EngineSamples.instant(end))
    if isTaken {
      _ = try window(zone: "Europe/Berlin", .range(range), column: .timestamp)
    } else {
      let fault = #expect(throws: Fault.self) {
        try window(zone: "Europe/Berlin", .range(range), column: .timestamp)
      }
      #expect(fault?.code == "bad_window")
    }
    _ = try window(zone: "Europe/Berlin", .range(range), column: .timestamptz)
  }

  @Test func sinksAreNamedByPlaceAndKind() {
    let file = SinkRule.file(
      FileSinkRule(
        path: Template(literal: "a"), format: .csv, isCompressed: false, ifExists: .fail, orderBy: [],
        place: EngineSamples.place))
    #expect(TargetResolver.name(0, file) == "1:file")
  }
}
