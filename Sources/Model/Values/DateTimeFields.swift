/// The fields that a date and time text names, each at most once.
struct DateTimeParts: OptionSet {
  var rawValue: Int

  static let year = DateTimeParts(rawValue: 1 << 0)
  static let month = DateTimeParts(rawValue: 1 << 1)
  static let day = DateTimeParts(rawValue: 1 << 2)
  static let dayOfYear = DateTimeParts(rawValue: 1 << 3)
  static let hour = DateTimeParts(rawValue: 1 << 4)
  static let minute = DateTimeParts(rawValue: 1 << 5)
  static let second = DateTimeParts(rawValue: 1 << 6)
  static let fraction = DateTimeParts(rawValue: 1 << 7)
  static let zone = DateTimeParts(rawValue: 1 << 8)
  static let daylightMark = DateTimeParts(rawValue: 1 << 9)
  static let meridian = DateTimeParts(rawValue: 1 << 10)
  static let era = DateTimeParts(rawValue: 1 << 11)
  static let dayOfWeek = DateTimeParts(rawValue: 1 << 12)
  static let reserved = DateTimeParts(rawValue: 1 << 13)

  static let date: DateTimeParts = [.year, .month, .day]
  static let time: DateTimeParts = [.hour, .minute, .second, .fraction]
}

/// Gathers the fields of a date and time, reading each number by what is known already, in the order year,
/// month, day.
///
/// Source: `DecodeDate`, `DecodeNumber`, `DecodeNumberField`, `DecodeTimeCommon` and `ValidateDate` of
/// Postgres's `datetime.c`, with `DateOrder` YMD.
struct DateTimeFields {
  var year = 0
  var month = 0
  var day = 0
  var dayOfYear = 0
  var hour = 0
  var minute = 0
  var second = 0
  var microsecond = 0
  var hasTwoDigitYear = false
  var hasJulianDay = false
  var isBeforeChrist = false

  /// The C library's `strtol` for 32 bits: blanks and sign, then digits; what follows is left.
  /// - Throws: `fieldOverflow` beyond 32 bits.
  static func integer(_ text: inout ArraySlice<UInt8>) throws(DateTimeFailure) -> Int? {
    var rest = text
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      rest.removeFirst()
    }
    let digits = rest.prefix(while: ByteScanner.isDigit)
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
      if value > 1 << 40 { throw .fieldOverflow }
    }
    if isNegative { value = -value }
    guard Int32(exactly: value) != nil else { throw .fieldOverflow }
    text = rest.dropFirst(digits.count)
    return value
  }

  /// `.25` and a lone `.` as a fraction of one.
  static func fraction(_ text: ArraySlice<UInt8>) throws(DateTimeFailure) -> Double {
    if text.count == 1 { return 0 }
    guard text.dropFirst().allSatisfy(ByteScanner.isDigit),
      let value = Double("0" + String(decoding: text, as: UTF8.self))
    else { throw .badFormat }
    return value
  }

  static func microseconds(_ text: ArraySlice<UInt8>) throws(DateTimeFailure) -> Int {
    Int((try fraction(text) * 1_000_000).rounded(.toNearestOrEven))
  }

  /// Hours, minutes, seconds and microseconds of `h:mm`, `h:mm:ss.f` or `mm:ss.f`.
  static func clock(
    _ text: ArraySlice<UInt8>
  ) throws(DateTimeFailure) -> (hour: Int64, minute: Int, second: Int, microsecond: Int) {
    var rest = text
    let digits = rest.prefix(while: ByteScanner.isDigit)
    guard var hour = Int64(digits.isEmpty ? "0" : String(decoding: digits, as: UTF8.self)) else {
      throw .fieldOverflow
    }
    rest = rest.dropFirst(digits.count)
    guard rest.popFirst() == UInt8(ascii: ":") else { throw .badFormat }
    var minute = try integer(&rest) ?? 0
    var second = 0
    var microsecond = 0
    switch rest.first {
    case nil: break
    case UInt8(ascii: "."):
      microsecond = try microseconds(rest)
      guard let minutes = Int32(exactly: hour) else { throw .fieldOverflow }
      (hour, minute, second) = (0, Int(minutes), minute)
    case UInt8(ascii: ":"):
      rest.removeFirst()
      second = try integer(&rest) ?? 0
      if rest.first == UInt8(ascii: ".") {
        microsecond = try microseconds(rest)
      } else if !rest.isEmpty {
        throw .badFormat
      }
    default: throw .badFormat
    }
    guard hour >= 0, (0...59).contains(minute), (0...60).contains(second),
      (0...1_000_000).contains(microsecond)
    else { throw .fieldOverflow }
    return (hour, minute, second, microsecond)
  }

  mutating func readClock(_ text: [UInt8]) throws(DateTimeFailure) -> DateTimeParts {
    let clock = try Self.clock(text[...])
    guard clock.hour <= 24 else { throw .fieldOverflow }
    (hour, minute, second, microsecond) = (Int(clock.hour), clock.minute, clock.second, clock.microsecond)
    // 24:00:00 and a 60th second pass as long as the day is not left.
    guard microsecondsOfDay <= Timestamp.microsecondsPerDay else { throw .fieldOverflow }
    return .time
  }

  var microsecondsOfDay: Int64 {
    Int64((hour * 60 + minute) * 60 + second) * 1_000_000 + Int64(microsecond)
  }

  /// A date whose parts are joined by punctuation.
  mutating func readDate(_ text: [UInt8], known: DateTimeParts) throws(DateTimeFailure) -> DateTimeParts {
    var pieces: [ArraySlice<UInt8>] = []
    var rest = text[...]
    while !rest.isEmpty && pieces.count < 25 {
      rest = rest.drop { !ByteScanner.isDigit($0) && !ByteScanner.isLetter($0) }
      guard let first = rest.first else { throw .badFormat }
      let piece = rest.prefix(while: ByteScanner.isDigit(first) ? ByteScanner.isDigit : ByteScanner.isLetter)
      pieces.append(piece)
      // The character after a piece is dropped whatever it is.
      rest = rest.dropFirst(piece.count + 1)
    }
    var found: DateTimeParts = []
    var hasTextMonth = false
    var numbers: [ArraySlice<UInt8>] = []
    for piece in pieces {
      if let first = piece.first, ByteScanner.isDigit(first) {
        numbers.append(piece)
        continue
      }
      switch DateTimeWord(Array(piece)) {
      case .ignored: continue
      case .month(let number):
        month = number
        hasTextMonth = true
        if !known.isDisjoint(with: .month) || found.contains(.month) { throw .badFormat }
        found.insert(.month)
      default: throw .badFormat
      }
    }
    for number in numbers {
      let parts = try readNumber(number, hasTextMonth: hasTextMonth, known: known.union(found))
      if !known.union(found).isDisjoint(with: parts) { throw .badFormat }
      found.formUnion(parts)
    }
    guard known.union(found).subtracting([.dayOfYear, .zone]) == .date else { throw .badFormat }
    return found
  }

  /// One number, whose meaning follows from what is known and how long it is.
  mutating func readNumber(
    _ text: ArraySlice<UInt8>, hasTextMonth: Bool, known: DateTimeParts
  ) throws(DateTimeFailure) -> DateTimeParts {
    var rest = text
    guard let value = try Self.integer(&rest) else { throw .badFormat }
    if rest.first == UInt8(ascii: ".") {
      if text.count - rest.count > 2 { return try readRunTogether(text, known: known.union(.date)) }
      microsecond = try Self.microseconds(rest)
    } else if !rest.isEmpty {
      throw .badFormat
    }
    let knownDate = known.intersection(.date)
    if text.count == 3, knownDate == .year, (1...366).contains(value) {
      dayOfYear = value
      return [.dayOfYear, .month, .day]
    }
    switch knownDate {
    case []: return setYear(value, digits: text.count)
    case .year:
      month = value
      return .month
    case .month where hasTextMonth: return setYear(value, digits: text.count)
    case .month:
      day = value
      return .day
    case [.year, .month]:
      if hasTextMonth, text.count >= 3, hasTwoDigitYear {
        // The first number was the day after all, as in 08-Jan-1999.
        day = year
        year = value
        hasTwoDigitYear = false
      } else {
        day = value
      }
      return .day
    case .day:
      month = value
      return .month
    case [.month, .day]: return setYear(value, digits: text.count)
    case .date: return try readRunTogether(text, known: known)
    default: throw .badFormat
    }
  }

  private mutating func setYear(_ value: Int, digits: Int) -> DateTimeParts {
    year = value
    hasTwoDigitYear = digits <= 2
    return .year
  }

  /// Digits without punctuation: `20240131`, `101530.25`, `1015`.
  mutating func readRunTogether(
    _ text: ArraySlice<UInt8>, known: DateTimeParts
  ) throws(DateTimeFailure) -> DateTimeParts {
    var digits = text
    func number(_ slice: ArraySlice<UInt8>) -> Int {
      Int(String(decoding: slice.prefix(while: ByteScanner.isDigit), as: UTF8.self)) ?? 0
    }
    if let point = text.firstIndex(of: UInt8(ascii: ".")) {
      microsecond = try Self.microseconds(text[point...])
      digits = text[..<point]
    } else if !known.isSuperset(of: .date), digits.count >= 6 {
      day = number(digits.suffix(2))
      month = number(digits.dropLast(2).suffix(2))
      year = number(digits.dropLast(4))
      if digits.count == 6 { hasTwoDigitYear = true }
      return .date
    }
    guard !known.isSuperset(of: .time), digits.count == 6 || digits.count == 4 else { throw .badFormat }
    hour = number(digits.prefix(2))
    minute = number(digits.dropFirst(2).prefix(2))
    second = digits.count == 6 ? number(digits.suffix(2)) : 0
    return .time
  }

  /// Settles the year and checks month and day.
  mutating func validate(_ known: DateTimeParts) throws(DateTimeFailure) {
    if known.contains(.year), !hasJulianDay {
      if isBeforeChrist {
        guard year > 0 else { throw .fieldOverflow }
        year = 1 - year
      } else if hasTwoDigitYear {
        if year < 70 { year += 2000 } else if year < 100 { year += 1900 }
      } else if year <= 0 {
        throw .fieldOverflow
      }
    }
    if known.contains(.dayOfYear) {
      let date = CivilDate(
        daysSince2000: CivilDate(year: year, month: 1, day: 1).daysSince2000 + dayOfYear - 1)
      (year, month, day) = (date.year, date.month, date.day)
    }
    if known.contains(.month) && !(1...12).contains(month) { throw .fieldOverflow }
    if known.contains(.day) && !(1...31).contains(day) { throw .fieldOverflow }
    if known.isSuperset(of: .date), day > CivilDate.length(ofMonth: month, year: year) {
      throw .fieldOverflow
    }
  }

  /// Seconds east of UTC of `+5`, `-05:30`, `+053028`-less forms: hours alone, `hhmm`, or parts with colons.
  static func zoneOffset(_ text: ArraySlice<UInt8>) throws(DateTimeFailure) -> Int {
    guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
      throw .badFormat
    }
    var rest = text.dropFirst()
    func part() throws(DateTimeFailure) -> Int {
      do { return try integer(&rest) ?? 0 } catch { throw .zoneOverflow }
    }
    var hours = try part()
    var minutes = 0
    var seconds = 0
    if rest.first == UInt8(ascii: ":") {
      rest.removeFirst()
      minutes = try part()
      if rest.first == UInt8(ascii: ":") {
        rest.removeFirst()
        seconds = try part()
      }
    } else if rest.isEmpty, text.count > 3 {
      minutes = hours % 100
      hours /= 100
    }
    guard (0...15).contains(hours), (0...59).contains(minutes), (0...59).contains(seconds) else {
      throw .zoneOverflow
    }
    guard rest.isEmpty else { throw .badFormat }
    let offset = (hours * 60 + minutes) * 60 + seconds
    return sign == UInt8(ascii: "-") ? -offset : offset
  }
}
