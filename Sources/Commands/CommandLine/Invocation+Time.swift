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

  /// A moment: RFC 3339, or a date or time by the clocks of `zone`.
  /// - Parameter other: what else the option takes, for the hint.
  /// - Throws: `Fault` `bad_value` of class usage.
  func instant(_ option: String, _ zone: ZoneRules, or other: String = "") throws(Fault) -> Instant? {
    guard let text = self[option] else { return nil }
    if let instant = Instant(rfc3339: text) { return instant }
    let hint = "Write 2026-03-14, or 2026-03-14T02:00:00+01:00\(other)"
    do throws(RowFault) {
      let moment = try Timestamp(
        parsingMoment: text, zones: ZoneContext(session: zone, named: { _ in nil }))
      let instant = Instant(postgresMicroseconds: moment.microseconds)
      // Postgres's times reach thirty years farther than ours.
      if moment.isFinite, instant.postgresMicroseconds == moment.microseconds { return instant }
    } catch {
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` is no time", cause: error.sentence, hint: hint)
    }
    throw Fault(
      "bad_value", .usage, "`--\(option) \(text)` is beyond the times that are told apart", hint: hint)
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
