internal import Expressions
internal import Model

extension DatePattern {
  /// What a text says under a pattern.
  struct Reading {
    var year = 1
    var month = 1
    var day = 1
    var dayOfYear: Int?
    var hour = 0
    var minute = 0
    var second = 0
    var microsecond = 0

    func date() throws(RowFault) -> DateValue {
      let first = try DateValue(CivilDate(year: year, month: month, day: day))
      guard let dayOfYear else { return first }
      guard (1...(CivilDate.isLeap(year) ? 366 : 365)).contains(dayOfYear) else {
        throw .datetimeFieldOverflow("day \(dayOfYear) of \(year)")
      }
      return try DateValue(
        checkedDays: CivilDate(year: year, month: 1, day: 1).daysSince2000 + dayOfYear - 1)
    }

    func timestamp() throws(RowFault) -> Timestamp {
      guard let civil = try date().civil else { throw .datetimeOutOfRange("timestamp") }
      return try Timestamp(
        civil, CivilTime(hour: hour, minute: minute, second: second, microsecond: microsecond))
    }
  }

  /// Reads a whole text; blanks around it do not count.
  func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowFault) -> Reading {
    let text = TextParsing.trimmed(bytes)
    let mismatch = RowFault(
      sqlState: "22007", sentence: "the text does not follow the pattern",
      offendingText: TextParsing.text(bytes))
    var reading = Reading()
    var position = 0
    var isAfternoon: Bool?
    var needsAllDigits = false

    /// The next digits: `width` of them where the field needs them all, else at least one.
    func number(_ width: Int) throws(RowFault) -> Int {
      let start = position
      var value = 0
      while position < text.count, position - start < width, text[position] &- UInt8(ascii: "0") < 10 {
        value = value * 10 + Int(text[position] - UInt8(ascii: "0"))
        position += 1
      }
      guard position - start >= (needsAllDigits ? width : 1) else { throw mismatch }
      return value
    }

    func checked(_ value: Int, _ range: ClosedRange<Int>) throws(RowFault) -> Int {
      guard range.contains(value) else { throw .datetimeFieldOverflow(TextParsing.text(bytes)) }
      return value
    }

    for (index, field) in fields.enumerated() {
      needsAllDigits = self.needsAllDigits[index]
      switch field {
      case .year: reading.year = try checked(number(4), 1...9_999)
      case .shortYear:
        // As Postgres: the year nearest to 2020.
        let short = try number(2)
        reading.year = short < 70 ? 2000 + short : 1900 + short
      case .month: reading.month = try checked(number(2), 1...12)
      case .monthName:
        guard let found = Self.month(text, at: position) else { throw mismatch }
        reading.month = found.month
        position = found.end
      case .day: reading.day = try checked(number(2), 1...31)
      case .dayOfYear: reading.dayOfYear = try number(3)
      case .hour: reading.hour = try checked(number(2), 0...23)
      case .hour12: reading.hour = try checked(number(2), 1...12)
      case .minute: reading.minute = try checked(number(2), 0...59)
      case .second: reading.second = try checked(number(2), 0...59)
      case .millisecond:
        let start = position
        let value = try number(3)
        reading.microsecond = value * [0, 100_000, 10_000, 1_000][position - start]
      case .microsecond:
        let start = position
        let value = try number(6)
        reading.microsecond = value * [0, 100_000, 10_000, 1_000, 100, 10, 1][position - start]
      case .meridiem:
        guard position + 2 <= text.count, text[position + 1] | 0x20 == UInt8(ascii: "m") else {
          throw mismatch
        }
        switch text[position] | 0x20 {
        case UInt8(ascii: "a"): isAfternoon = false
        case UInt8(ascii: "p"): isAfternoon = true
        default: throw mismatch
        }
        position += 2
      case .literal(let byte):
        guard position < text.count, text[position] == byte else { throw mismatch }
        position += 1
      }
    }
    guard position == text.count else { throw mismatch }
    if let isAfternoon { reading.hour = reading.hour % 12 + (isAfternoon ? 12 : 0) }
    return reading
  }

  private static let months = [
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
  ].map { Array($0.utf8) }

  /// A month's English name, whole or its first three letters.
  private static func month(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> (month: Int, end: Int)? {
    for (index, name) in months.enumerated() {
      var length = 0
      while length < name.count, start + length < text.count, text[start + length] & ~0x20 == name[length] {
        length += 1
      }
      if length == name.count || length >= 3 {
        return (index + 1, start + (length == name.count ? length : 3))
      }
    }
    return nil
  }
}
