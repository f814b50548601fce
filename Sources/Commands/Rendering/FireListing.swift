internal import Model
internal import Timetable

/// The next fires of a schedule, as programs and people read them.
struct FireListing {
  let fires: [Fire]
  private let rules: FireRules
  private let zone: ZoneRules
  private let from: Instant
  private let count: Int

  /// - Parameter from: fires strictly after it.
  init(rules: FireRules, zone: ZoneRules, from: Instant, count: Int) {
    self.rules = rules
    self.zone = zone
    self.from = from
    self.count = count
    var fires: [Fire] = []
    let calendar = FireCalendar(rules, zone: zone)
    var last = from
    while fires.count < count, let fire = calendar.next(after: last) {
      fires.append(fire)
      last = fire.instant
    }
    self.fires = fires
  }

  /// When the schedule is due, in words.
  var explanation: [String] {
    var lines = rules.explanation.map { "\($0), by the clocks of \(zone.name)" }
    if !rules.except.days.isEmpty {
      let days = rules.except.days.sorted().map(\.description)
      lines.append("except on \(days.joined(separator: ", "))")
    }
    if !rules.rules.allSatisfy(\.followsElapsedTime) {
      let gap =
        rules.daylight.gap == .runAfter
        ? "a time that the clocks jump over comes at the first moment after the gap"
        : "a time that the clocks jump over is left out"
      let overlap =
        switch rules.daylight.overlap {
        case .first: "one that comes twice fires the first time"
        case .second: "one that comes twice fires the second time"
        case .both: "one that comes twice fires both times"
        }
      lines.append("\(gap); \(overlap)")
    }
    return lines
  }

  /// One line a fire, with a remark where the clocks are moved.
  var lines: [String] {
    if fires.isEmpty { return ["No fire before the year 2200"] }
    var lines = fires.map { (at: $0.instant, text: line($0)) } + skipped
    lines.sort { $0.at < $1.at }
    return lines.map(\.text)
  }

  private func line(_ fire: Fire) -> String { fire.text + (FireListing.note(fire).map { "  \($0)" } ?? "") }

  var json: JSONValue {
    .object([
      .init("timezone", .string(zone.name)),
      .init(
        "fires",
        .array(
          fires.map {
            .object([.init("fire", .string($0.text)), .init("note", .optional(FireListing.note($0)))])
          })), .init("explanation", .array(explanation.map(JSONValue.string))),
    ])
  }

  /// What a change of the clocks does to it.
  private static func note(_ fire: Fire) -> String? {
    switch fire.mark {
    case .none: nil
    case .afterGap(let nominal): "gap: the clocks jump over \(time(nominal))"
    case .firstOfTwo: "overlap: the first of two \(time(fire.local))"
    case .secondOfTwo: "overlap: the second of two \(time(fire.local))"
    }
  }

  /// What `gap: skip` leaves out among the fires listed.
  private var skipped: [(at: Instant, text: String)] {
    guard rules.daylight.gap == .skip, let last = fires.last else { return [] }
    var others = rules.daylight
    others.gap = .runAfter
    let calendar = FireCalendar(
      FireRules(rules.rules, except: rules.except, daylight: others), zone: zone)
    let range = Instant(microseconds: from.microseconds + 1)..<last.instant
    return calendar.fires(in: range).compactMap { fire in
      guard case .afterGap(let nominal) = fire.mark else { return nil }
      return (fire.instant, "-  gap: \(nominal) is left out, the clocks jump over it")
    }
  }

  private static func time(_ local: LocalTime) -> String {
    String(local.description.drop { $0 != "T" }.dropFirst())
  }
}
