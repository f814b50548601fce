internal import Model

extension JobDecoder {
  /// Whether the job is due by itself at all.
  var hasSchedule: Bool { root["schedule"] != nil }

  /// Comes last: two defaults go by whether anything uses the interval.
  mutating func schedule(job: String) -> Schedule? {
    guard let node = root["schedule"] else { return nil }
    guard let fields = Fields(node) else { return nil }
    let usesInterval = references.usesInterval
    let daylight = fields.fields("dst")
    let catchUp = fields.fields("catch_up")
    let after = fields.fields("after").map {
      Schedule.After(jobs: $0.strings("jobs").map(JobName.init), within: $0.duration("within"))
    }
    return Schedule(
      specs: specs(fields), gap: daylight?.choice("gap") ?? .runAfter,
      overlap: daylight?.choice("overlap") ?? .first, isDaylightSavingDeclared: daylight != nil,
      catchUp: catchUp?.choice("policy") ?? fields.choice("catch_up") ?? (usesInterval ? .all : .latest),
      catchUpWindow: catchUp?.duration("window"),
      ifRunning: fields.choice("if_running") ?? (usesInterval ? .queueAll : .skip),
      jitter: fields.duration("jitter") ?? .zero,
      finishBy: fields.string("finish_by").flatMap { TimeText.timeOfDay($0) }, after: after,
      except: exceptions(fields), trigger: fields.fields("trigger").flatMap { trigger($0) }, place: node.place
    )
  }

  private mutating func specs(_ fields: Fields) -> [Schedule.Spec] {
    if let every = fields.duration("every"), let place = fields["every"]?.place {
      if every < .seconds(1) { refuse("out_of_range", "`every` must be at least a second", place) }
      return [.every(every, place)]
    }
    let times = fields.texts("at").compactMap { text in
      TimeText.instant(text.text).map { Schedule.Spec.at($0, text.place) }
    }
    return times + fields.texts("cron").map(Schedule.Spec.cron)
  }

  private mutating func trigger(_ fields: Fields) -> Schedule.Trigger? {
    if let path = fields.string("file") { return .file(path: path) }
    if let connection = fields.text("connection") { requireConnection(connection.text, connection.place) }
    return fields.string("listen").map { .listen(channel: $0, connection: fields.string("connection")) }
  }

  /// Dates, and files of them.
  private mutating func exceptions(_ fields: Fields) -> Set<Int32> {
    var days: Set<Int32> = []
    for text in fields.texts("except") {
      if let date = TimeText.date(text.text) {
        days.insert(Int32(date.daysSince2000))
      } else if text.text.first?.isASCIIDigit == true {
        refuse(
          "bad_date", "`\(text.text.shortened)` is not a date", text.place, hint: "Write one like 2026-12-25")
      } else {
        days.formUnion(datesOfFile(text))
      }
    }
    return days
  }

  /// One date a line; what follows it behind a space or `#` is a remark.
  private mutating func datesOfFile(_ path: SourceText) -> Set<Int32> {
    let file = path.text.hasPrefix("/") ? path.text : project.root + "/" + path.text
    let lines: [Substring]
    do throws(Fault) {
      lines = String(decoding: try TextFile.read(file, atMost: YAMLLimits.standard.bytes), as: UTF8.self)
        .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    } catch {
      faults.append(error.at(path.place))
      return []
    }
    var days: Set<Int32> = []
    for (index, line) in lines.enumerated() {
      let word = line.prefix { $0 != "#" && !$0.isWhitespace }
      if word.isEmpty { continue }
      if let date = TimeText.date(word) {
        days.insert(Int32(date.daysSince2000))
      } else {
        refuse(
          "bad_date", "`\(String(word).shortened)` is not a date",
          Place(file: path.text, line: index + 1, column: 1), hint: "Write one like 2026-12-25 a line")
      }
    }
    return days
  }
}
