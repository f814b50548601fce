/// Reads the texts of dates and timestamps as Postgres does under DateStyle ISO, YMD.
///
/// Source: `DecodeDateTime` of Postgres's `datetime.c`. The words that ask a clock (`now`, `today`, ...) are
/// refused: their meaning would differ from chunk to chunk.
struct DateTimeReader {
  enum Result {
    case fields(DateTimeFields, offset: Int)
    case epoch, infinity, negativeInfinity
  }

  /// Where the offset from UTC comes from.
  private enum Zone {
    case fixed(Int)
    case full(ZoneRules)
    case abbreviation(String, ZoneRules)
  }

  private var fields = DateTimeFields()
  private var known: DateTimeParts = []
  private var zone: Zone?
  private var label: DateTimeWord.Unit?
  private var expectsTime = false
  private var hasTextMonth = false
  private var meridian: DateTimeWord?
  private var special: Result?
  private let zones: ZoneContext

  private init(zones: ZoneContext) { self.zones = zones }

  static func read(_ text: String, zones: ZoneContext, capacity: Int) throws(DateTimeFailure) -> Result {
    var reader = DateTimeReader(zones: zones)
    let tokens = try DateTimeToken.tokens(of: text, capacity: capacity)
    for (index, token) in tokens.enumerated() {
      let next = index + 1 < tokens.count ? tokens[index + 1].kind : nil
      guard let parts = try reader.read(token, next: next) else { continue }
      guard reader.known.isDisjoint(with: parts) else { throw .badFormat }
      reader.known.formUnion(parts)
    }
    return try reader.finish()
  }

  /// Takes one piece in; nil where it names no field.
  private mutating func read(
    _ token: DateTimeToken, next: DateTimeToken.Kind?
  ) throws(DateTimeFailure) -> DateTimeParts? {
    switch token.kind {
    case .date: return try readDate(token)
    case .time:
      guard label == nil else { throw .badFormat }
      expectsTime = false
      return try fields.readClock(token.text)
    case .signed:
      zone = .fixed(try DateTimeFields.zoneOffset(token.text[...]))
      return .zone
    case .number: return try readNumber(token)
    case .word, .signedWord: return try readWord(token, next: next)
    }
  }

  private mutating func readDate(_ token: DateTimeToken) throws(DateTimeFailure) -> DateTimeParts {
    if label == .julian {
      var rest = token.text[...]
      guard let number = try DateTimeFields.integer(&rest), number >= 0 else { throw .fieldOverflow }
      setJulianDay(number)
      zone = .fixed(try DateTimeFields.zoneOffset(rest))
      label = nil
      return [.year, .month, .day, .hour, .minute, .second, .fraction, .zone]
    }
    guard label != nil || expectsTime || known.isSuperset(of: [.month, .day]) else {
      return try fields.readDate(token.text, known: known)
    }
    // With month and day known this is a zone's name, or a time run together with its offset.
    guard label == nil else { throw .badFormat }
    if let first = token.text.first, ByteScanner.isDigit(first) || expectsTime {
      expectsTime = false
      guard !known.isSuperset(of: .time), let sign = token.text.firstIndex(of: UInt8(ascii: "-")) else {
        throw .badFormat
      }
      zone = .fixed(try DateTimeFields.zoneOffset(token.text[sign...]))
      return try fields.readRunTogether(token.text[..<sign], known: known).union(.zone)
    }
    guard let named = zones.fullZone(token.string) else { throw .unknownZone(token.string) }
    zone = .full(named)
    return .zone
  }

  private mutating func setJulianDay(_ number: Int) {
    let date = CivilDate(daysSince2000: number - 2_451_545)
    (fields.year, fields.month, fields.day) = (date.year, date.month, date.day)
    fields.hasJulianDay = true
  }

  private mutating func readNumber(_ token: DateTimeToken) throws(DateTimeFailure) -> DateTimeParts {
    if expectsTime {
      expectsTime = false
      let parts = try fields.readRunTogether(token.text[...], known: known.union(.date))
      guard parts == .time else { throw .badFormat }
      return parts
    }
    if let label {
      self.label = nil
      return try readLabelled(label, token.text[...])
    }
    let point = token.text.firstIndex(of: UInt8(ascii: "."))
    if point != nil, known.isDisjoint(with: .date) {
      return try fields.readDate(token.text, known: known)
    }
    if let point, point > 2 { return try fields.readRunTogether(token.text[...], known: known) }
    if token.text.count >= 6,
      known.isDisjoint(with: .date) || known.isDisjoint(with: .time)
    {
      return try fields.readRunTogether(token.text[...], known: known)
    }
    return try fields.readNumber(token.text[...], hasTextMonth: hasTextMonth, known: known)
  }

  private mutating func readLabelled(
    _ label: DateTimeWord.Unit, _ text: ArraySlice<UInt8>
  ) throws(DateTimeFailure) -> DateTimeParts {
    var rest = text
    let value = try DateTimeFields.integer(&rest) ?? 0
    if rest.first == UInt8(ascii: ".") {
      guard label == .julian || label == .second else { throw .badFormat }
    } else if !rest.isEmpty {
      throw .badFormat
    }
    switch label {
    case .year:
      fields.year = value
      return .year
    case .month:
      // After a month and an hour, `m` stands for minutes.
      if known.isSuperset(of: [.month, .hour]) {
        fields.minute = value
        return .minute
      }
      fields.month = value
      return .month
    case .day:
      fields.day = value
      return .day
    case .hour:
      fields.hour = value
      return .hour
    case .minute:
      fields.minute = value
      return .minute
    case .second:
      fields.second = value
      guard !rest.isEmpty else { return .second }
      fields.microsecond = try DateTimeFields.microseconds(rest)
      return [.second, .fraction]
    case .julian:
      setJulianDay(value)
      guard !rest.isEmpty else { return .date }
      let time = try DateTimeFields.fraction(rest) * Double(Timestamp.microsecondsPerDay)
      let clock = CivilTime(microsecondsSinceMidnight: Int64(time))
      (fields.hour, fields.minute, fields.second) = (clock.hour, clock.minute, clock.second)
      fields.microsecond = clock.microsecond
      return [.year, .month, .day, .hour, .minute, .second, .fraction]
    case .other: throw .badFormat
    }
  }

  private mutating func readWord(
    _ token: DateTimeToken, next: DateTimeToken.Kind?
  ) throws(DateTimeFailure) -> DateTimeParts? {
    if let offset = ZoneAbbreviation.fixedOffset(token.string) {
      zone = .fixed(offset)
      return .zone
    }
    if let name = ZoneAbbreviation.zoneName(token.string), let rules = zones.named(name) {
      zone = .abbreviation(token.string.uppercased(), rules)
      return .zone
    }
    switch DateTimeWord(token.text) {
    case .ignored: return nil
    case .epoch: special = .epoch
    case .infinity: special = .infinity
    case .negativeInfinity: special = .negativeInfinity
    case .clock: throw .badFormat
    case .midnightUTC:
      (fields.hour, fields.minute, fields.second) = (0, 0, 0)
      zone = .fixed(0)
      return [.hour, .minute, .second, .fraction, .zone]
    case .month(let number):
      var parts = DateTimeParts.month
      if known.contains(.month), !hasTextMonth, !known.contains(.day), (1...31).contains(fields.month) {
        fields.day = fields.month
        parts = .day
      }
      hasTextMonth = true
      fields.month = number
      return parts
    case .daylightMark:
      guard case .fixed(let offset) = zone ?? .fixed(0) else { return .daylightMark }
      zone = .fixed(offset + 3600)
      return .daylightMark
    case .ante:
      meridian = .ante
      return .meridian
    case .post:
      meridian = .post
      return .meridian
    case .beforeChrist:
      fields.isBeforeChrist = true
      return .era
    case .annoDomini:
      fields.isBeforeChrist = false
      return .era
    case .dayOfWeek: return .dayOfWeek
    case .unit(let unit):
      label = unit
      return []
    case .timeMark:
      guard known.isSuperset(of: .date), next == .number || next == .time || next == .date else {
        throw .badFormat
      }
      expectsTime = true
      return []
    case nil:
      guard let named = zones.fullZone(token.string) else { throw .badFormat }
      zone = .full(named)
      return .zone
    }
    return .reserved
  }

  private mutating func finish() throws(DateTimeFailure) -> Result {
    try fields.validate(known)
    if let meridian {
      guard fields.hour <= 12 else { throw .fieldOverflow }
      if meridian == .ante, fields.hour == 12 { fields.hour = 0 }
      if meridian == .post, fields.hour != 12 { fields.hour += 12 }
    }
    if let special { return special }
    guard known.isSuperset(of: .date) else { throw .badFormat }
    if known.contains(.daylightMark) {
      guard known.contains(.zone), case .fixed = zone else { throw .badFormat }
    }
    let local = unixSeconds
    switch zone {
    case .fixed(let offset): return .fields(fields, offset: offset)
    case .full(let rules):
      return .fields(fields, offset: rules.postgresOffset(ofLocalUnixSeconds: local))
    case .abbreviation(let name, let rules):
      return .fields(fields, offset: rules.offset(ofAbbreviation: name, localUnixSeconds: local))
    case nil:
      return .fields(fields, offset: zones.session.postgresOffset(ofLocalUnixSeconds: local))
    }
  }

  private var unixSeconds: Int64 {
    let date = CivilDate(year: fields.year, month: fields.month, day: fields.day)
    return Int64(date.daysSince2000 + 10_957) * 86_400
      + Int64((fields.hour * 60 + fields.minute) * 60 + fields.second)
  }
}

extension DateTimeFields {
  /// The day, where Postgres's day arithmetic can hold it.
  var checkedDays: Int? {
    let isInRange =
      (year, month, day) >= (-4713, 11, 24) && (year, month) < (5_874_898, 6)
    return isInRange ? CivilDate(year: year, month: month, day: day).daysSince2000 : nil
  }
}

extension DateValue {
  /// Reads a date as Postgres's `date_in` does under DateStyle ISO, YMD.
  /// - Throws: `RowFault` 22007 for what is no date, 22008 for one that cannot exist or lies beyond the range.
  package init(parsing text: String, zones: ZoneContext = .utc) throws(RowFault) {
    let result: DateTimeReader.Result
    do {
      result = try DateTimeReader.read(text, zones: zones, capacity: 129)
    } catch {
      throw error.fault(type: "date", text: text)
    }
    switch result {
    case .infinity: self = .infinity
    case .negativeInfinity: self = .negativeInfinity
    case .epoch: self.init(days: -10_957)
    case .fields(let fields, _):
      guard let days = fields.checkedDays, Self.validDays.contains(days) else {
        throw .datetimeOutOfRange("date", text: text)
      }
      self.init(days: Int32(days))
    }
  }
}

extension Timestamp {
  /// Reads a `timestamp` as Postgres's `timestamp_in` does under DateStyle ISO, YMD: an offset or a zone in the
  /// text is checked and not used.
  /// - Throws: `RowFault` 22007 for what is no timestamp, 22008 for one that cannot exist or lies beyond the
  ///   range.
  package init(parsing text: String, zones: ZoneContext = .utc) throws(RowFault) {
    try self.init(text, zones: zones, usesOffset: false, type: "timestamp")
  }

  /// Reads a `timestamptz` as Postgres's `timestamptz_in` does: text without a zone is in the session's.
  /// - Throws: as `init(parsing:zones:)`.
  package init(parsingMoment text: String, zones: ZoneContext) throws(RowFault) {
    try self.init(text, zones: zones, usesOffset: true, type: "timestamp with time zone")
  }

  private init(
    _ text: String, zones: ZoneContext, usesOffset: Bool, type: String
  ) throws(RowFault) {
    let result: DateTimeReader.Result
    do {
      result = try DateTimeReader.read(text, zones: zones, capacity: 153)
    } catch {
      throw error.fault(type: type, text: text)
    }
    switch result {
    case .infinity: self = .infinity
    case .negativeInfinity: self = .negativeInfinity
    case .epoch: self = .epoch
    case .fields(let fields, let offset):
      // Int128 holds every year that passes, so only the final range needs a check.
      guard let days = fields.checkedDays else { throw .datetimeOutOfRange("timestamp", text: text) }
      let shift = usesOffset ? Int128(offset) * 1_000_000 : 0
      let total = Int128(days) * Int128(Self.microsecondsPerDay) + Int128(fields.microsecondsOfDay) - shift
      guard let count = Int64(exactly: total), Self.validMicroseconds.contains(count) else {
        throw .datetimeOutOfRange("timestamp", text: text)
      }
      self.init(microseconds: count)
    }
  }
}
