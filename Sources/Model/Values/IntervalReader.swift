/// Reads the texts of intervals as Postgres does under IntervalStyle postgres.
///
/// Source: `DecodeInterval` and the `Adjust` functions of Postgres's `datetime.c`.
struct IntervalReader {
  private var years: Int32 = 0
  var months: Int32 = 0
  var days: Int32 = 0
  var microseconds: Int64 = 0

  static func read(_ text: String) throws(DateTimeFailure) -> IntervalReader {
    var reader = IntervalReader()
    do {
      try reader.readParts(DateTimeToken.tokens(of: text, capacity: 256))
    } catch {
      guard case .badFormat = error else { throw error }
      reader = IntervalReader()
      try reader.readISO(text)
    }
    return reader
  }

  /// The interval; nil where the years leave its range.
  var interval: CalendarInterval? {
    guard let months = Int32(exactly: Int64(years) * 12 + Int64(months)) else { return nil }
    return CalendarInterval(months: months, days: days, microseconds: microseconds)
  }

  /// Reads the pieces backwards, so that a unit is known before its number.
  private mutating func readParts(_ tokens: [DateTimeToken]) throws(DateTimeFailure) {
    var unit: DateTimePart?
    var isAgo = false
    var seen: Set<DateTimePart> = []
    var hasPart = false
    for token in tokens.reversed() {
      var found: Set<DateTimePart>
      switch token.kind {
      case .word, .signedWord:
        if token.string == "ago" {
          isAgo = true
          // What stands before is read as if a unit of no length had been named.
          unit = .zone
        } else if let named = DateTimePart.unit(token.text) {
          unit = named
        } else {
          throw .badFormat
        }
        continue
      case .time:
        microseconds = try Self.clock(token.text[...])
        found = Self.clockParts
        unit = .day
      case .signed where token.text.contains(UInt8(ascii: ":")):
        let clock: Int64
        do {
          clock = try Self.clock(token.text.dropFirst())
        } catch {
          // Postgres then reads it as a number, which the colon makes a bad one.
          throw .badFormat
        }
        microseconds = token.text.first == UInt8(ascii: "-") ? -clock : clock
        found = Self.clockParts
        unit = .day
      case .signed, .date, .number:
        found = try readNumber(token.text, unit: &unit)
      }
      guard seen.isDisjoint(with: found) else { throw .badFormat }
      seen.formUnion(found)
      hasPart = true
    }
    guard hasPart else { throw .badFormat }
    if isAgo { try negate() }
  }

  private static let clockParts: Set<DateTimePart> = [.hour, .minute, .second, .millisecond, .microsecond]

  private static func clock(_ text: ArraySlice<UInt8>) throws(DateTimeFailure) -> Int64 {
    let clock = try DateTimeFields.clock(text)
    var sum = Int64(clock.microsecond)
    let parts: [(Int64, Int64)] = [
      (clock.hour, 3_600_000_000), (Int64(clock.minute), 60_000_000), (Int64(clock.second), 1_000_000),
    ]
    for (count, unit) in parts {
      let (product, tooBig) = count.multipliedReportingOverflow(by: unit)
      let (total, tooBigToo) = sum.addingReportingOverflow(product)
      if tooBig || tooBigToo { throw .fieldOverflow }
      sum = total
    }
    return sum
  }

  private mutating func readNumber(
    _ text: [UInt8], unit: inout DateTimePart?
  ) throws(DateTimeFailure) -> Set<DateTimePart> {
    let isNegative = text.first == UInt8(ascii: "-")
    var rest = text[...]
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    let digits = rest.prefix(while: ByteScanner.isDigit)
    rest = rest.dropFirst(digits.count)
    let sign = isNegative ? "-" : ""
    guard var value = Int64(digits.isEmpty ? "0" : sign + String(decoding: digits, as: UTF8.self)) else {
      throw .fieldOverflow
    }
    var fraction = 0.0
    var unitHere = unit ?? .second
    if rest.first == UInt8(ascii: "-") {
      // The SQL form years-months.
      rest.removeFirst()
      let months = try DateTimeFields.integer(&rest) ?? 0
      guard (0..<12).contains(months) else { throw .fieldOverflow }
      guard rest.isEmpty else { throw .badFormat }
      unitHere = .month
      let (product, tooBig) = value.multipliedReportingOverflow(by: 12)
      let (sum, tooBigToo) = product.addingReportingOverflow(Int64(isNegative ? -months : months))
      if tooBig || tooBigToo { throw .fieldOverflow }
      value = sum
    } else if rest.first == UInt8(ascii: ".") {
      fraction = try DateTimeFields.fraction(rest)
      if isNegative { fraction = -fraction }
    } else if !rest.isEmpty {
      throw .badFormat
    }
    // A number without a unit to its right is of the same unit again, except after hours.
    unit = unitHere == .hour ? .day : unitHere
    try add(value, fraction, unitHere)
    return unitHere == .second && fraction != 0 ? [.second, .millisecond, .microsecond] : [unitHere]
  }

  /// Adds a number of units and a fraction of one, which goes to the smaller parts.
  mutating func add(_ value: Int64, _ fraction: Double, _ unit: DateTimePart) throws(DateTimeFailure) {
    switch unit {
    case .microsecond: try addTime(value, fraction, 1)
    case .millisecond: try addTime(value, fraction, 1000)
    case .second: try addTime(value, fraction, 1_000_000)
    case .minute: try addTime(value, fraction, 60_000_000)
    case .hour: try addTime(value, fraction, 3_600_000_000)
    case .day:
      try Self.add(value, times: 1, to: &days)
      try addFraction(fraction, 86_400_000_000)
    case .week:
      try Self.add(value, times: 7, to: &days)
      try addDays(fraction * 7)
    case .month:
      try Self.add(value, times: 1, to: &months)
      try addDays(fraction * 30)
    case .year: try addYears(value, fraction, 1)
    case .decade: try addYears(value, fraction, 10)
    case .century: try addYears(value, fraction, 100)
    case .millennium: try addYears(value, fraction, 1000)
    case .quarter, .dayOfWeek, .isoDayOfWeek, .dayOfYear, .isoYear, .julian, .epoch, .zone, .zoneHour,
      .zoneMinute:
      throw .badFormat
    }
  }

  private static func add(
    _ value: Int64, times scale: Int32, to part: inout Int32
  ) throws(DateTimeFailure) {
    guard let count = Int32(exactly: value) else { throw .fieldOverflow }
    let (product, tooBig) = count.multipliedReportingOverflow(by: scale)
    let (sum, tooBigToo) = part.addingReportingOverflow(product)
    if tooBig || tooBigToo { throw .fieldOverflow }
    part = sum
  }

  private mutating func addYears(_ value: Int64, _ fraction: Double, _ scale: Int32) throws(DateTimeFailure) {
    try Self.add(value, times: scale, to: &years)
    try Self.add(
      Int64((fraction * Double(scale) * 12).rounded(.toNearestOrEven)), times: 1, to: &months)
  }

  private mutating func addDays(_ amount: Double) throws(DateTimeFailure) {
    guard amount != 0 else { return }
    let whole = amount.rounded(.towardZero)
    try Self.add(Int64(whole), times: 1, to: &days)
    try addFraction(amount - whole, 86_400_000_000)
  }

  private mutating func addTime(_ value: Int64, _ fraction: Double, _ unit: Int64) throws(DateTimeFailure) {
    let (product, tooBig) = value.multipliedReportingOverflow(by: unit)
    let (sum, tooBigToo) = microseconds.addingReportingOverflow(product)
    if tooBig || tooBigToo { throw .fieldOverflow }
    microseconds = sum
    try addFraction(fraction, unit)
  }

  /// Adds a part of a unit, rounded to microseconds with halves towards zero.
  func rounded(_ fraction: Double, _ unit: Int64) -> Int64 {
    let amount = fraction * Double(unit)
    let whole = amount.rounded(.towardZero)
    let rest = amount - whole
    return Int64(whole) + (rest > 0.5 ? 1 : (rest < -0.5 ? -1 : 0))
  }

  mutating func addFraction(_ fraction: Double, _ unit: Int64) throws(DateTimeFailure) {
    let (sum, tooBig) = microseconds.addingReportingOverflow(rounded(fraction, unit))
    if tooBig { throw .fieldOverflow }
    microseconds = sum
  }

  private mutating func negate() throws(DateTimeFailure) {
    guard microseconds != .min, days != .min, months != .min, years != .min else { throw .fieldOverflow }
    (years, months, days, microseconds) = (-years, -months, -days, -microseconds)
  }
}

extension CalendarInterval {
  /// Reads an interval as Postgres's `interval_in` does: `1 day 02:03:04`, `-1 mons +2 days`, `P1Y2M3DT4H`,
  /// `2 hours ago`.
  /// - Throws: `RowFault` 22007 for what is no interval, 22015 and 22008 beyond interval's range.
  package init(parsing text: String) throws(RowFault) {
    let reader: IntervalReader
    do {
      reader = try IntervalReader.read(text)
    } catch {
      if case .fieldOverflow = error { throw .intervalFieldOverflow(text) }
      throw error.fault(type: "interval", text: text)
    }
    guard let interval = reader.interval else { throw .datetimeOutOfRange("interval", text: text) }
    self = interval
  }
}
