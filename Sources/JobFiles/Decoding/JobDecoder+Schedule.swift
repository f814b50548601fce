internal import Expressions
internal import Model
internal import Timetable

extension JobDecoder {
  /// Whether there are fires whose distance could be an interval: a trigger's are not known beforehand.
  var isDueByClock: Bool {
    guard let node = root["schedule"] else { return false }
    return node.mapping.map { schedule in ["cron", "every", "at"].contains { schedule[$0] != nil } } ?? true
  }

  /// Comes last: two defaults go by whether anything uses the interval.
  mutating func schedule(job: JobName) -> Schedule? {
    guard let schedule = decodedSchedule() else { return nil }
    do throws(Faults) {
      let rules = try FireRules(schedule, job: job)
      for warning in rules.warnings {
        warn(warning.code, warning.sentence, warning.place, hint: warning.hint)
      }
      if leavesIntervalsOut(rules, schedule) {
        let span = references.interval.span.rawValue
        warn(
          "interval_gap",
          "Each fire makes the last whole \(span) before it, and there is none for each \(span): some are made by nobody",
          schedule.place,
          hint:
            "Let it fire once for each \(span), give `interval` a `lookback` over the longest gap, or make them by `tidemark run --for`"
        )
      }
    } catch {
      faults += error.all
    }
    return schedule
  }

  /// Whether pieces of the calendar lie between those that the fires make. Dates without fires are not looked for: they
  /// may be years away.
  private func leavesIntervalsOut(_ rules: FireRules, _ schedule: Schedule) -> Bool {
    let rule = references.interval
    let isListed = schedule.specs.contains { if case .at = $0 { true } else { false } }
    // A lookback of centuries covers any gap.
    let isCovered = rule.lookback.map { abs($0.months) > 1200 || abs($0.days) > 36_500 } ?? false
    guard rule.span != .fire, rule.rolling == nil, references.usesInterval, schedule.trigger == nil,
      !isListed,
      !isCovered
    else { return false }
    // Any time will do: a pattern that has gaps has one among so many of its intervals.
    let calendar = IntervalCalendar(rule: rule, fires: FireCalendar(rules, zone: .utc))
    let start = Instant(seconds: 1_767_225_600)
    let end = start.advanced(by: .seconds(86_400 * 3660))
    let intervals = Array(calendar.intervals(ofFiresIn: start..<end).prefix(40))
    return zip(intervals, intervals.dropFirst()).contains { $0.end < calendar.spans(of: $1).replaced.start }
  }

  private mutating func decodedSchedule() -> Schedule? {
    guard let node = root["schedule"], let fields = Fields(node) else { return nil }
    let trigger = fields.fields("trigger").flatMap { self.trigger($0) }
    // What is to be made up for: a span of data, or an event that has happened.
    let losesByMissing = references.usesInterval || trigger != nil
    let daylight = fields.fields("dst")
    let catchUp = fields.fields("catch_up")
    let after = fields.fields("after").map {
      Schedule.After(
        jobs: $0.strings("jobs").map(JobName.init), within: $0.duration("within"), place: $0.place)
    }
    return Schedule(
      specs: specs(fields), gap: daylight?.choice("gap") ?? .runAfter,
      overlap: daylight?.choice("overlap") ?? .first, isDaylightSavingDeclared: daylight != nil,
      catchUp: catchUp?.choice("policy") ?? fields.choice("catch_up") ?? (losesByMissing ? .all : .latest),
      catchUpWindow: catchUp?.duration("window"),
      ifRunning: fields.choice("if_running") ?? (losesByMissing ? .queueAll : .skip),
      jitter: fields.duration("jitter") ?? .zero,
      finishBy: fields.string("finish_by").flatMap { TimeText.timeOfDay($0) }, after: after,
      except: exceptions(fields), trigger: trigger, place: node.place
    )
  }

  private mutating func specs(_ fields: Fields) -> [Schedule.Spec] {
    if let every = fields.duration("every"), let place = fields["every"]?.place {
      return [.every(every, place)]
    }
    let times = fields.texts("at").compactMap { text in
      Instant(rfc3339: text.text).map { Schedule.Spec.at($0, text.place) }
    }
    return times + fields.texts("cron").map(Schedule.Spec.cron)
  }

  private mutating func trigger(_ fields: Fields) -> Schedule.Trigger? {
    if let path = fields.string("file") { return .file(path: path) }
    if let connection = fields.text("connection") { requireConnection(connection.text, connection.place) }
    let missed = fields.text("missed").map { sql($0, .query, in: .matrix) }
    return fields.string("listen").map {
      .listen(channel: $0, connection: fields.string("connection"), missed: missed)
    }
  }

  /// Dates, and files of them.
  private mutating func exceptions(_ fields: Fields) -> Set<Int32> {
    var days: Set<CivilDay> = []
    for text in fields.texts("except") {
      if let day = CivilDay(text: text.text) {
        days.insert(day)
      } else if text.text.first?.isASCIIDigit == true {
        refuse(
          "invalid_date", "`\(text.text.shortened)` is not a date", text.place,
          hint: "Write one like 2026-12-25")
      } else {
        days.formUnion(datesOfFile(text))
      }
    }
    return Set(days.map { Int32($0.civil.daysSince2000) })
  }

  private mutating func datesOfFile(_ path: SourceText) -> Set<CivilDay> {
    do throws(Fault) {
      let bytes = try TextFile.read(path.text, in: project.root, atMost: YAMLLimits.standard.bytes)
      let text = SourceText(String(decoding: bytes, as: UTF8.self), origin: path.text)
      return dates(text)
    } catch {
      faults.append(error.at(path.place))
      return []
    }
  }

  private mutating func dates(_ text: SourceText) -> Set<CivilDay> {
    do throws(Faults) {
      return try ExceptionDates(file: text).days
    } catch {
      faults += error.all
      return []
    }
  }
}
