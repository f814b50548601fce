package import Model

/// A text that a person writes for a span of time: `--for 2026-03`.
///
/// `2026`, `2026-Q1`, `2026-03`, `2026-W12`, `2026-03-14`, `yesterday`, `today`, an hour such as
/// `2026-03-14T02` (with `+0200` where clocks repeat it), an instant in RFC 3339, or a label of
/// `span: fire` such as `20260314T011500Z`.
package struct IntervalName: Hashable, Sendable {
  package let text: String
  let meaning: Meaning

  enum Meaning: Hashable, Sendable {
    /// The piece that this day belongs to.
    case piece(IntervalSpan, CivilDay)
    /// Days before the day of `now`.
    case daysAgo(Int)
    case hour(LocalTime, offset: Int?)
    case instant(Instant)
  }

  /// - Throws: `invalid_interval` for a text of no such form.
  package init(_ source: SourceText) throws(Fault) {
    text = source.text
    guard let meaning = IntervalName.read(source.text) else {
      throw Fault(
        "invalid_interval", .usage, "'\(source.text)' names no interval", place: source.place,
        hint:
          "Write yesterday, 2026-03-14, 2026-W12, 2026-03, 2026-Q1, 2026, 2026-03-14T02 or an RFC 3339 time")
    }
    self.meaning = meaning
  }

  private static func read(_ text: String) -> Meaning? {
    switch text.lowercased() {
    case "yesterday": return .daysAgo(1)
    case "today": return .daysAgo(0)
    default: break
    }
    if let instant = Instant(rfc3339: text) ?? compactInstant(text) { return .instant(instant) }
    let bytes = Array(text.utf8)
    guard bytes.count >= 4, let year = Int(decimalDigits: bytes[..<4]), year > 0 else { return nil }
    if bytes.count == 4 { return .piece(.year, CivilDay(year: year, month: 1, day: 1)) }
    guard bytes[4] == UInt8(ascii: "-") else { return nil }
    let rest = bytes[5...]
    switch rest.first {
    case UInt8(ascii: "Q"), UInt8(ascii: "q"):
      guard let quarter = Int(decimalDigits: rest.dropFirst()), (1...4).contains(quarter), rest.count == 2
      else { return nil }
      return .piece(.quarter, CivilDay(year: year, month: 3 * quarter - 2, day: 1))
    case UInt8(ascii: "W"), UInt8(ascii: "w"):
      guard let week = Int(decimalDigits: rest.dropFirst()), rest.count == 3 else { return nil }
      return monday(ofWeek: week, year: year).map { .piece(.week, $0) }
    default:
      if rest.count == 2, let month = Int(decimalDigits: rest), (1...12).contains(month) {
        return .piece(.month, CivilDay(year: year, month: month, day: 1))
      }
      guard let day = CivilDay(text: String(decoding: bytes.prefix(10), as: UTF8.self)) else { return nil }
      return bytes.count == 10 ? .piece(.day, day) : hour(bytes[10...], of: day)
    }
  }

  /// `nil` for a week that the ISO year does not have.
  private static func monday(ofWeek week: Int, year: Int) -> CivilDay? {
    guard week >= 1 else { return nil }
    // 4 January always lies in week 1.
    let fourth = CivilDay(year: year, month: 1, day: 4)
    let monday = fourth.adding(days: 7 * (week - 1) - (fourth.weekday + 6) % 7)
    return monday.civil.isoWeek == (year, week) ? monday : nil
  }

  /// `T02` or `T02+0200`.
  private static func hour(_ bytes: ArraySlice<UInt8>, of day: CivilDay) -> Meaning? {
    let digits = bytes.dropFirst()
    guard bytes.first == UInt8(ascii: "T"), let hour = Int(decimalDigits: digits.prefix(2)),
      digits.count >= 2, hour < 24
    else { return nil }
    let local = LocalTime(day, secondOfDay: hour * 3600)
    let zone = digits.dropFirst(2)
    guard let sign = zone.first else { return .hour(local, offset: nil) }
    guard zone.count == 5, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
      let hours = Int(decimalDigits: zone.dropFirst().prefix(2)),
      let minutes = Int(decimalDigits: zone.suffix(2)), minutes < 60
    else { return nil }
    let offset = hours * 3600 + minutes * 60
    return .hour(local, offset: sign == UInt8(ascii: "-") ? -offset : offset)
  }

  /// `20260314T011500Z`, with the fraction that `label` may have written.
  private static func compactInstant(_ text: String) -> Instant? {
    let parts = Array(text.utf8)
    guard parts.count >= 16, parts[8] == UInt8(ascii: "T") else { return nil }
    func string(_ range: Range<Int>) -> String { String(decoding: parts[range], as: UTF8.self) }
    return Instant(
      rfc3339: "\(string(0..<4))-\(string(4..<6))-\(string(6..<8))T"
        + "\(string(9..<11)):\(string(11..<13)):\(string(13..<parts.count))")
  }
}
