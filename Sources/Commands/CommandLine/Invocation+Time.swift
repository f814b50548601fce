internal import JobFiles
internal import Model

extension Invocation {
  /// A length of time such as `45m`.
  /// - Throws: `Fault` `bad_value` of class usage.
  func duration(_ option: String) throws(Fault) -> Duration? {
    guard let text = self[option] else { return nil }
    guard let duration = UnitText.duration(text) else {
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` is no length of time",
        hint: "Write one like 45m, 2h30m or 3d")
    }
    return duration
  }

  /// A moment: RFC 3339, or a date or time by the clocks of `zone`, which must have shown it once. A date is the moment
  /// that its day begins.
  /// - Parameter other: what else the option takes, for the hint.
  /// - Throws: `Fault` `bad_value` of class usage.
  func instant(_ option: String, _ zone: ZoneRules, or other: String = "") throws(Fault) -> Instant? {
    guard let text = self[option] else { return nil }
    if let instant = Instant(rfc3339: text) { return instant }
    let hint = "Write 2026-03-14, or 2026-03-14T02:00:00+01:00\(other)"
    func read(_ session: ZoneRules) throws(RowFault) -> Timestamp {
      try Timestamp(parsingMoment: text, zones: ZoneContext(session: session, named: { _ in nil }))
    }
    let moment: Timestamp
    let local: Timestamp
    let isByClock: Bool
    do throws(RowFault) {
      moment = try read(zone)
      local = try Timestamp(parsing: text)
      // Without an offset of its own it moves with the zone's.
      isByClock = try read(.utc) != read(ZoneRules(name: "", fixedOffset: 3600))
    } catch {
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` is no time", hint: hint)
    }
    let instant = Instant(postgresMicroseconds: moment.microseconds)
    // Postgres's times reach thirty years farther than ours.
    guard moment.isFinite, instant.postgresMicroseconds == moment.microseconds else {
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` is beyond the times that are told apart", hint: hint)
    }
    guard isByClock else { return instant }
    return try shown(Instant(postgresMicroseconds: local.microseconds), option, text, zone) ?? instant
  }

  /// The moment at which the clocks of `zone` show `local`, where that is not just once: of a date the day's beginning.
  /// - Throws: `Fault` `bad_value` where they never do, or do twice.
  private func shown(
    _ local: Instant, _ option: String, _ text: String, _ zone: ZoneRules
  ) throws(Fault) -> Instant? {
    let isDate = CivilDay(text: text) != nil
    func moment(_ offset: Int) -> Instant { local.advanced(by: .seconds(-offset)) }
    switch zone.resolution(ofLocalUnixSeconds: Int64(local.seconds)) {
    case .once: return nil
    case .gap(_, _, let transition):
      if isDate { return Instant(seconds: Int(transition)) }
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` never was: the clocks of \(zone.name) skipped it",
        hint:
          "They went on at \(Instant(seconds: Int(transition)).text(in: zone)): name that, or another moment")
    case .overlap(let first, let second, _):
      if isDate { return moment(first) }
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` came twice: the clocks of \(zone.name) went back",
        hint:
          "Name one of them: \(moment(first).text(offset: first)) or \(moment(second).text(offset: second))")
    }
  }

  /// One of a few words.
  /// - Throws: `Fault` `bad_value` of class usage.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ option: String, _: Choice.Type
  ) throws(Fault) -> Choice? where Choice.RawValue == String {
    guard let text = self[option] else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let words = Choice.allCases.map(\.rawValue)
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` is none of \(words.joined(separator: ", "))",
        hint: DidYouMean.hint(for: text, among: words) ?? "For example: --\(option) \(words[0])")
    }
    return choice
  }
}
