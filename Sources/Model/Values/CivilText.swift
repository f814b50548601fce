/// Builds the ISO texts of dates and times, in ASCII, as Postgres prints them under DateStyle ISO.
struct CivilText {
  private(set) var bytes: [UInt8] = []

  var string: String { String(decoding: bytes, as: UTF8.self) }

  mutating func append(_ text: StaticString) { bytes.append(contentsOf: text.description.utf8) }

  /// Appends a number of at least `width` digits.
  mutating func append(_ number: Int, width: Int) {
    let digits = String(number.magnitude)
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    for _ in 0..<max(0, width - digits.utf8.count) { bytes.append(UInt8(ascii: "0")) }
    bytes.append(contentsOf: digits.utf8)
  }

  /// `2024-02-29`; the year BC is written without its suffix, which ends the whole text.
  mutating func append(_ date: CivilDate) {
    append(date.year > 0 ? date.year : 1 - date.year, width: 4)
    append("-")
    append(date.month, width: 2)
    append("-")
    append(date.day, width: 2)
  }

  /// `13:05:07.25`, without trailing zeros of the fraction.
  mutating func append(_ time: CivilTime) {
    append(time.hour, width: 2)
    append(":")
    append(time.minute, width: 2)
    append(":")
    append(time.second, width: 2)
    appendFraction(time.microsecond)
  }

  /// `.25` for 250,000 microseconds, nothing for zero.
  mutating func appendFraction(_ microseconds: Int) {
    guard microseconds != 0 else { return }
    append(".")
    append(microseconds, width: 6)
    while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
  }

  /// `+02`, `+05:30` or `+05:53:28`: hours east of UTC.
  mutating func append(offset seconds: Int) {
    append(seconds < 0 ? "-" : "+")
    let magnitude = abs(seconds)
    append(magnitude / 3600, width: 2)
    guard magnitude % 3600 != 0 else { return }
    append(":")
    append(magnitude / 60 % 60, width: 2)
    guard magnitude % 60 != 0 else { return }
    append(":")
    append(magnitude % 60, width: 2)
  }

  mutating func appendEra(of date: CivilDate) {
    if date.year <= 0 { append(" BC") }
  }
}

extension DateValue: CustomStringConvertible {
  /// The text that Postgres prints under DateStyle ISO.
  package var description: String {
    guard let civil else { return self == .infinity ? "infinity" : "-infinity" }
    var text = CivilText()
    text.append(civil)
    text.appendEra(of: civil)
    return text.string
  }
}

extension Timestamp: CustomStringConvertible {
  /// The text that Postgres prints for a `timestamp` under DateStyle ISO.
  package var description: String { text(offset: nil) }

  /// The text that Postgres prints for a `timestamptz`, shown at `offset` seconds east of UTC.
  ///
  /// - Parameter offset: nil shows the count as it is, without an offset: a `timestamp`.
  package func text(offset: Int?) -> String {
    let local = Timestamp(microseconds: microseconds &+ Int64(offset ?? 0) * 1_000_000)
    guard isFinite, let civil = local.civil else { return self == .infinity ? "infinity" : "-infinity" }
    var text = CivilText()
    text.append(civil.date)
    text.append(" ")
    text.append(civil.time)
    if let offset { text.append(offset: offset) }
    text.appendEra(of: civil.date)
    return text.string
  }
}
