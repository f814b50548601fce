extension CalendarInterval: CustomStringConvertible {
  /// The text that Postgres prints under IntervalStyle postgres: `1 year 2 mons -3 days +04:05:06.5`.
  package var description: String {
    var text = ""
    // A plus sign follows a negative part, so that the sign of each part is plain.
    var followsNegative = false
    for (count, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] where count != 0 {
      if !text.isEmpty { text += " " }
      if followsNegative && count > 0 { text += "+" }
      text += "\(count) \(unit)\(count == 1 ? "" : "s")"
      followsNegative = count < 0
    }
    guard microseconds != 0 || text.isEmpty else { return text }
    if !text.isEmpty { text += " " }
    if microseconds < 0 { text += "-" } else if followsNegative { text += "+" }
    let seconds = microseconds.magnitude / 1_000_000
    var clock = CivilText()
    clock.append(Int(seconds / 3600), width: 2)
    clock.append(":")
    clock.append(Int(seconds / 60 % 60), width: 2)
    clock.append(":")
    clock.append(Int(seconds % 60), width: 2)
    clock.appendFraction(Int(microseconds.magnitude % 1_000_000))
    return text + clock.string
  }
}
