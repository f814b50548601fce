package import Model
package import Runtime
package import Timetable

/// What one run is for, worked out: its identity, the spans it deals with, its zone, and what its
/// references stand for.
package struct RunContext: Sendable {
  package var identity: RunIdentity
  package var spans: RunSpans?
  /// A short name of the interval, for file names and messages; `nil` without interval.
  package var label: String?
  package var zone: ZoneRules
  /// What `${fire.time}` stands for: the same in all attempts of a run.
  package private(set) var fireTime: Instant
  /// All but `run.id`, which comes with the run.
  package var references: ReferenceScope

  /// - Parameters:
  ///   - zones: reads a zone by its IANA name.
  ///   - now: the moment that relative names go by.
  /// - Throws: `Faults` in parameters, zone or interval.
  package init(
    _ request: RunRequest, matrixRowName: String, now: Instant, zones: ZoneFiles
  ) throws {
    let job = request.job
    let inputs = try RunInputs(request, zones: zones)
    let zone = inputs.zone
    var references = inputs.references
    let rules: FireRules = try job.schedule.map { try FireRules($0, job: job.name) } ?? FireRules([])
    let calendar = IntervalCalendar(rule: job.interval, fires: FireCalendar(rules, zone: zone))
    let fireTime: Instant
    if case .fire(let instant, _) = request.choice { fireTime = instant } else { fireTime = now }
    let interval = try RunContext.interval(request, calendar, now: now)
    identity = RunIdentity(
      project: request.project.name, job: job.name, matrixRow: matrixRowName, interval: interval,
      parameters: Parameters.texts(inputs.parameters))
    self.zone = zone
    self.fireTime = fireTime
    spans = interval.map { calendar.spans(of: $0) }
    label = interval.map { calendar.label(of: $0) }
    references.add("interval", interval, calendar, label: label)
    references.add("window", spans?.window, calendar, label: label)
    self.references = references
    begin(at: fireTime)
  }

  /// The same run at the moment for which it was begun.
  mutating func begin(at moment: Instant) {
    fireTime = moment
    references["fire.time"] = .value(.timestamptz(moment.postgresMicroseconds), .timestamptz)
  }

  /// Whether the interval was over when the run was begun.
  var hasEnded: Bool { identity.interval.map { $0.end <= fireTime } ?? true }

  /// What references stand for in a run of it.
  package func references(of run: RunID) -> ReferenceScope {
    var references = references
    references["run.id"] = .value(.text(run.text), .text)
    return references
  }

  private static func interval(
    _ request: RunRequest, _ calendar: IntervalCalendar, now: Instant
  ) throws(Fault) -> TimeRange? {
    let job = request.job
    let hasInterval = job.interval.span != .fire || !(job.schedule?.specs.isEmpty ?? true)
    switch request.choice {
    case .range(let range):
      guard range.start < range.end else {
        throw Fault("bad_interval", .usage, "The interval's end is not after its start")
      }
      return range
    case .named(let text):
      guard hasInterval else {
        throw Fault(
          "no_interval", .usage,
          "Job \(job.name) has neither a schedule nor an interval, so `--for` means nothing",
          hint: "Give it `interval: {span: day}`")
      }
      return try calendar.interval(named: IntervalName(SourceText(text, origin: "--for")), now: now)
    case .fire(let instant, let entered):
      guard hasInterval else { return nil }
      return (job.interval.span == .fire ? entered : nil) ?? calendar.interval(atFire: instant)
    case .latest:
      guard hasInterval else { return nil }
      // Under `span: fire` the latest fire is what counts, not this moment.
      let at =
        job.interval.span == .fire
        ? calendar.fires.previous(before: Instant(microseconds: now.microseconds + 1))?.instant ?? now : now
      return calendar.interval(atFire: at)
    }
  }
}

extension ReferenceScope {
  /// `${interval.*}` or `${window.*}`. Dates stand only for whole days, but for the day that an hour
  /// begins in, which is one day whatever the hour.
  fileprivate mutating func add(
    _ namespace: String, _ range: TimeRange?, _ calendar: IntervalCalendar, label: String?
  ) {
    guard let range else {
      for name in ["start", "end", "start_date", "end_date", "start_local", "end_local", "label", "timezone"]
      {
        self["\(namespace).\(name)"] = .unavailable("this job has no interval")
      }
      return
    }
    let zone = calendar.zone
    let isWholeDays =
      calendar.day(beginningAt: range.start) != nil && calendar.day(beginningAt: range.end) != nil
    for (name, instant) in [("start", range.start), ("end", range.end)] {
      let moment = Timestamp(microseconds: instant.postgresMicroseconds)
      let local = moment.microseconds + Int64(zone.offset(at: moment)) * 1_000_000
      self["\(namespace).\(name)"] = .value(.timestamptz(moment.microseconds), .timestamptz)
      self["\(namespace).\(name)_local"] = .value(.timestamp(local), .timestamp)
      let days = local.floorDivided(by: Timestamp.microsecondsPerDay)
      self["\(namespace).\(name)_date"] =
        isWholeDays || (calendar.rule.span == .hour && name == "start")
        ? .value(.date(Int32(clamping: days)), .date)
        : .unavailable("the interval is not whole days; use `${\(namespace).\(name)_local}`")
    }
    self["\(namespace).label"] = .value(.text(label ?? ""), .text)
    self["\(namespace).timezone"] = .value(.text(zone.name), .text)
  }
}
