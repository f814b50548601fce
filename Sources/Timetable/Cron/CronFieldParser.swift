internal import Model

/// Reads one field of a cron expression.
///
/// Grammar, after Vixie cron with Quartz's day forms and Jenkins's hashes:
///
///     field  = item *("," item)
///     item   = ("*" / value ["-" value] / hashed) ["/" step] / "?" / day form
///     hashed = "H" ["(" value "-" value ")"] / "~" / value "~" value
///     day    = "L" ["-" number] / "LW" / number "W"               in day-of-month
///            / value "L" / value "#" (1 to 5)                     in day-of-week
///
/// A range may wrap (`FRI-MON`, `22-2`). `value/step` runs from the value to the field's end.
struct CronFieldParser {
  let field: CronField
  let bytes: [UInt8]
  /// Of the expression; `H` and `~` are drawn from it.
  let jobName: String
  private var position: Int
  private let end: Int

  private(set) var values: UInt64 = 0
  private(set) var ofMonth = DaysOfMonth.none
  private(set) var ofWeek = DaysOfWeek.none
  private(set) var usesHash = false
  /// The step of a `*/step` and its offset, for the warning about steps that do not come out even.
  private(set) var starStep: (step: Int, offset: Int)?

  /// One fault with the byte it stands at.
  struct Failure: Error {
    var code: String
    var sentence: String
    var hint: String
    var offset: Int
  }

  init(field: CronField, bytes: [UInt8], range: Range<Int>, jobName: String) {
    self.field = field
    self.bytes = bytes
    self.jobName = jobName
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func parse() throws(Failure) {
    try parseItem()
    while take(",") { try parseItem() }
    guard position == end else { throw unexpected() }
    ofMonth.days = field == .dayOfMonth ? values : 0
    ofWeek.days = field == .dayOfWeek ? values : 0
  }

  private mutating func parseItem() throws(Failure) {
    let start = position
    if take("*") {
      let step = try parseStep()
      if let step { starStep = (step, start) }
      add(from: field.all.lowerBound, count: field.all.count, step: step ?? 1)
    } else if peek("?"), field == .dayOfMonth || field == .dayOfWeek {
      position += 1
      add(from: field.all.lowerBound, count: field.all.count, step: 1)
    } else if isHash() {
      position += 1
      let bounds = peek("(") ? try parseHashBounds() : field.hashed
      try addHashed(bounds, step: parseStep())
    } else if take("~") {
      try addHashed(field.hashed, step: parseStep())
    } else if field == .dayOfMonth, isLetter("L") {
      position += 1
      try parseLastDay()
    } else {
      try parseValueItem()
    }
  }

  private mutating func parseValueItem() throws(Failure) {
    let start = position
    let first = try parseValue()
    if field == .dayOfMonth, takeLetter("W") {
      ofMonth.nearestWeekday |= 1 << UInt64(first)
    } else if field == .dayOfWeek, takeLetter("L") {
      ofWeek.last |= 1 << UInt64(first % 7)
    } else if field == .dayOfWeek, take("#") {
      try parseNth(of: first % 7)
    } else if take("-") {
      let last = try parseValue()
      let step = try parseStep()
      addRange(first, last, step: step ?? 1)
    } else if take("~") {
      let last = try parseValue()
      guard first <= last else {
        throw Failure(
          code: "cron_range", sentence: "The range \(first)~\(last) runs backwards",
          hint: "A range to draw from cannot wrap: write the smaller number first", offset: start)
      }
      try addHashed(first...last, step: parseStep())
    } else if let step = try parseStep() {
      addRange(first, field.all.upperBound, step: step)
    } else {
      add(from: first, count: 1, step: 1)
    }
  }

  // MARK: - Day forms

  /// Behind the `L` of a day-of-month field.
  private mutating func parseLastDay() throws(Failure) {
    if takeLetter("W") {
      ofMonth.lastWeekday = true
    } else if take("-") {
      let start = position
      let offset = try parseNumber(after: "-")
      guard offset <= 30 else {
        throw Failure(
          code: "cron_value", sentence: "L-\(offset) lies before every month's first day",
          hint: "Write L-1 to L-30", offset: start)
      }
      ofMonth.beforeLast |= 1 << UInt64(offset)
    } else {
      ofMonth.beforeLast |= 1
    }
  }

  /// Behind the `#`.
  private mutating func parseNth(of weekday: Int) throws(Failure) {
    let start = position
    let nth = try parseNumber(after: "#")
    guard (1...5).contains(nth) else {
      throw Failure(
        code: "cron_value", sentence: "No month has a weekday number \(nth)",
        hint: "Write #1 to #5, or 5L for the last Friday", offset: start)
    }
    ofWeek.nth |= 1 << UInt64(7 * (nth - 1) + weekday)
  }

  // MARK: - Values

  private mutating func parseValue() throws(Failure) -> Int {
    guard position < end else { throw missingValue() }
    if bytes[position].isLetter, !field.names.isEmpty { return try parseName() }
    guard bytes[position].isDigit else { throw position < end ? unexpected() : missingValue() }
    let start = position
    let number = try parseNumber(after: "")
    guard field.numbers.contains(number) else {
      throw Failure(
        code: "cron_value",
        sentence:
          "The \(field.rawValue) \(number) is outside \(field.numbers.lowerBound) to \(field.numbers.upperBound)",
        hint: "Write \(field.allowed)", offset: start)
    }
    return number
  }

  /// Three letters; those that follow them are left, so that `FRIL` is the last Friday.
  private mutating func parseName() throws(Failure) -> Int {
    let start = position
    let letters = bytes[start..<end].prefix { $0.isLetter }
    let word = String(decoding: letters, as: UTF8.self)
    if field == .dayOfWeek, isLetter("L"), letters.count == 1 {
      throw Failure(
        code: "cron_syntax", sentence: "'L' needs a day of the week in front of it",
        hint: "Write 5L or FRIL for the last Friday of the month, SAT for every Saturday", offset: start)
    }
    let isLast = field == .dayOfWeek && letters.count == 4 && letters.last?.uppercased == UInt8(ascii: "L")
    guard letters.count == 3 || isLast, let number = field.number(named: String(word.prefix(3))) else {
      let near = field.number(named: String(word.prefix(3))).map {
        field.names[$0 - field.all.lowerBound]
      }
      throw Failure(
        code: "cron_name", sentence: "'\(word)' is no name in the \(field.rawValue) field",
        hint: near.map { "Write \($0)" } ?? "Write \(field.allowed)", offset: start)
    }
    position += 3
    return number
  }

  private mutating func parseNumber(after sign: String) throws(Failure) -> Int {
    let digits = bytes[position..<end].prefix { $0.isDigit }
    guard !digits.isEmpty else {
      guard position < end else {
        throw Failure(
          code: "cron_syntax", sentence: "A number is missing after '\(sign)'",
          hint: "Write \(field.allowed)", offset: position)
      }
      throw unexpected()
    }
    guard let number = Int(decimalDigits: digits) else {
      throw Failure(
        code: "cron_value",
        sentence: "\(String(decoding: digits, as: UTF8.self)) is not a \(field.rawValue)",
        hint: "Write \(field.allowed)", offset: position)
    }
    position += digits.count
    return number
  }

  /// `/step`, or `nil` where no `/` comes.
  private mutating func parseStep() throws(Failure) -> Int? {
    guard take("/") else { return nil }
    let start = position
    let step = try parseNumber(after: "/")
    guard step > 0 else {
      throw Failure(
        code: "cron_step", sentence: "A step of 0 never moves on",
        hint: "Write a step from 1 to \(field.all.count)", offset: start)
    }
    guard step <= field.all.count else {
      throw Failure(
        code: "cron_step",
        sentence: "A step of \(step) is longer than the whole \(field.rawValue) field",
        hint: field == .minute || field == .second || field == .hour
          ? "a period that long is written every: \(step)\(field.rawValue.prefix(1))"
          : "write a step from 1 to \(field.all.count)", offset: start)
    }
    return step
  }

  // MARK: - Hashes

  private func isHash() -> Bool {
    guard isLetter("H") else { return false }
    let next = position + 1
    return next == end || !bytes[next].isLetter
  }

  private mutating func parseHashBounds() throws(Failure) -> ClosedRange<Int> {
    position += 1
    let start = position
    let first = try parseValue()
    guard take("-") else { throw position < end ? unexpected() : missingValue() }
    let last = try parseValue()
    guard first <= last else {
      throw Failure(
        code: "cron_range", sentence: "The range \(first)-\(last) runs backwards",
        hint: "A range to draw from cannot wrap: write the smaller number first", offset: start)
    }
    guard take(")") else {
      guard position < end else {
        throw Failure(
          code: "cron_syntax", sentence: "The ')' is missing",
          hint: "Write H(\(first)-\(last))", offset: position)
      }
      throw unexpected()
    }
    return first...last
  }

  private mutating func addHashed(_ bounds: ClosedRange<Int>, step: Int?) {
    usesHash = true
    let choices = min(step ?? bounds.count, bounds.count)
    let drawn = bounds.lowerBound + StableHash.number(jobName, salt: field.rawValue, below: choices)
    if let step {
      add(from: drawn, count: bounds.upperBound - drawn + 1, step: step)
    } else {
      add(from: drawn, count: 1, step: 1)
    }
  }

  // MARK: - Collecting

  /// Both ends among them; wraps where `first` is greater.
  private mutating func addRange(_ first: Int, _ last: Int, step: Int) {
    let size = field.all.count
    if field == .dayOfWeek, first == 0, last == 7 { return add(from: 0, count: size, step: step) }
    let distance = (last - first).floorRemainder(dividingBy: size)
    add(from: first, count: distance + 1, step: step)
  }

  private mutating func add(from first: Int, count: Int, step: Int) {
    let low = field.all.lowerBound
    for offset in stride(from: 0, to: count, by: step) {
      values |= 1 << UInt64((first - low + offset) % field.all.count + low)
    }
  }

  // MARK: - Scanning

  private func peek(_ character: Unicode.Scalar) -> Bool {
    position < end && bytes[position] == UInt8(ascii: character)
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek(character) else { return false }
    position += 1
    return true
  }

  /// `letter` is upper case; the text may use either.
  private func isLetter(_ letter: Unicode.Scalar) -> Bool {
    position < end && bytes[position].uppercased == UInt8(ascii: letter)
  }

  private mutating func takeLetter(_ letter: Unicode.Scalar) -> Bool {
    guard isLetter(letter) else { return false }
    position += 1
    return true
  }

  private func missingValue() -> Failure {
    Failure(
      code: "cron_syntax", sentence: "A \(field.rawValue) is missing here",
      hint: "Write \(field.allowed)", offset: position)
  }

  private func unexpected() -> Failure {
    guard position < end else { return missingValue() }
    let rest = String(decoding: bytes[position..<end], as: UTF8.self)
    let character = rest.first.map(String.init) ?? ""
    if character == "," { return missingValue() }
    if character == "?" {
      return Failure(
        code: "cron_syntax", sentence: "'?' has no meaning in the \(field.rawValue) field",
        hint: "? stands in a day field only: write *", offset: position)
    }
    return Failure(
      code: "cron_syntax", sentence: "'\(character)' is not expected in the \(field.rawValue) field",
      hint: "Write \(field.allowed)", offset: position)
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  fileprivate var isLetter: Bool { (0x41...0x5A).contains(uppercased) }
  fileprivate var uppercased: UInt8 { (0x61...0x7A).contains(self) ? self - 0x20 : self }
}
