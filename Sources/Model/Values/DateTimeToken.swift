/// A piece of a date, time or interval text, cut out before it is understood.
///
/// Source: `ParseDateTime` of Postgres's `datetime.c`, whose cuts decide what the later steps can see.
struct DateTimeToken {
  enum Kind {
    case number, date, time
    /// A sign followed by digits: an offset from UTC, or a number.
    case signed
    case word
    /// A sign followed by letters, such as `-infinity`.
    case signedWord
  }

  var kind: Kind
  /// Letters are in lower case, except in what began as a number and a time.
  var text: [UInt8]

  var string: String { String(decoding: text, as: UTF8.self) }

  /// Cuts a text into at most 25 pieces.
  /// - Parameter capacity: the size of the buffer that Postgres cuts into, one byte more per piece.
  /// - Throws: `DateTimeFailure.badFormat`.
  static func tokens(of text: String, capacity: Int) throws(DateTimeFailure) -> [DateTimeToken] {
    var scanner = ByteScanner(text)
    var tokens: [DateTimeToken] = []
    var used = 0
    while let byte = scanner.peek {
      if ByteScanner.isBlank(byte) {
        scanner.advance()
        continue
      }
      let token: DateTimeToken
      if tokens.count >= 25 { throw .badFormat }
      if ByteScanner.isDigit(byte) {
        token = number(&scanner)
      } else if byte == UInt8(ascii: ".") {
        var text = take(&scanner, 1)
        text += scanner.take(while: ByteScanner.isDigit)
        token = DateTimeToken(kind: .number, text: text)
      } else if ByteScanner.isLetter(byte) {
        token = word(&scanner)
      } else if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
        token = try signed(&scanner)
      } else if byte > 0x20 && byte < 0x7F {
        scanner.advance()
        continue
      } else {
        throw .badFormat
      }
      used += token.text.count + 1
      if used > capacity { throw .badFormat }
      tokens.append(token)
    }
    return tokens
  }

  private static func take(_ scanner: inout ByteScanner, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count {
      if let byte = scanner.peek { bytes.append(byte) }
      scanner.advance()
    }
    return bytes
  }

  private static func number(_ scanner: inout ByteScanner) -> DateTimeToken {
    var text = scanner.take(while: ByteScanner.isDigit)
    guard let next = scanner.peek else { return DateTimeToken(kind: .number, text: text) }
    if next == UInt8(ascii: ":") {
      text += scanner.take { ByteScanner.isDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
      return DateTimeToken(kind: .time, text: text)
    }
    guard next == UInt8(ascii: "-") || next == UInt8(ascii: "/") || next == UInt8(ascii: ".") else {
      return DateTimeToken(kind: .number, text: text)
    }
    text += take(&scanner, 1)
    guard let after = scanner.peek, ByteScanner.isDigit(after) else {
      text += scanner.take { ByteScanner.isDigit($0) || ByteScanner.isLetter($0) || $0 == next }
        .map(ByteScanner.lowercased)
      return DateTimeToken(kind: .date, text: text)
    }
    text += scanner.take(while: ByteScanner.isDigit)
    if scanner.peek == next {
      text += scanner.take { ByteScanner.isDigit($0) || $0 == next }
      return DateTimeToken(kind: .date, text: text)
    }
    return DateTimeToken(kind: next == UInt8(ascii: ".") ? .number : .date, text: text)
  }

  private static func word(_ scanner: inout ByteScanner) -> DateTimeToken {
    var text = scanner.take(while: ByteScanner.isLetter).map(ByteScanner.lowercased)
    guard let next = scanner.peek else { return DateTimeToken(kind: .word, text: text) }
    let isJoined: Bool
    if "-/.".utf8.contains(next) {
      isJoined = true
    } else if next == UInt8(ascii: "+") || ByteScanner.isDigit(next) {
      isJoined = DateTimeWord(text) == nil
    } else {
      isJoined = false
    }
    guard isJoined else { return DateTimeToken(kind: .word, text: text) }
    text += take(&scanner, 1)
    text += scanner.take {
      ByteScanner.isDigit($0) || ByteScanner.isLetter($0) || "+-/_.:".utf8.contains($0)
    }
    return DateTimeToken(kind: .date, text: text.map(ByteScanner.lowercased))
  }

  private static func signed(_ scanner: inout ByteScanner) throws(DateTimeFailure) -> DateTimeToken {
    var text = take(&scanner, 1)
    scanner.skipBlanks()
    guard let next = scanner.peek else { throw .badFormat }
    if ByteScanner.isDigit(next) {
      text += scanner.take { ByteScanner.isDigit($0) || ":.-".utf8.contains($0) }
      return DateTimeToken(kind: .signed, text: text)
    }
    guard ByteScanner.isLetter(next) else { throw .badFormat }
    text += scanner.take(while: ByteScanner.isLetter).map(ByteScanner.lowercased)
    return DateTimeToken(kind: .signedWord, text: text)
  }
}

/// Why a date, time or interval text was refused, before it is known which type it was for.
enum DateTimeFailure: Error {
  case badFormat
  case fieldOverflow
  case zoneOverflow
  case unknownZone(String)

  func fault(type: String, text: String) -> RowFault {
    switch self {
    case .badFormat: .invalidDatetime(type, text)
    case .fieldOverflow: .datetimeFieldOverflow(text)
    case .zoneOverflow:
      RowFault(
        sqlState: "22009", sentence: "time zone displacement out of range", offendingText: text)
    case .unknownZone(let name): .unknownZone(name)
    }
  }
}

/// A word that means something in dates and times.
enum DateTimeWord: Equatable {
  case month(Int)
  case dayOfWeek
  case ante, post
  case beforeChrist, annoDomini
  case ignored
  /// The `t` before an ISO time.
  case timeMark
  case midnightUTC
  case epoch, infinity, negativeInfinity
  /// `now`, `today`, `tomorrow`, `yesterday`: readable only by asking a clock.
  case clock
  /// `dst` after a zone.
  case daylightMark
  case unit(Unit)

  /// The label before a number, as in `y2001m02d04` or `J2451187`.
  enum Unit { case year, month, day, hour, minute, second, julian, other }

  init?(_ text: [UInt8]) {
    let word = String(decoding: text.prefix(10), as: UTF8.self)
    guard let known = Self.known[word] else { return nil }
    self = known
  }

  private static let known: [String: DateTimeWord] = {
    var words: [String: DateTimeWord] = [
      "-infinity": .negativeInfinity, "infinity": .infinity, "epoch": .epoch, "allballs": .midnightUTC,
      "now": .clock, "today": .clock, "tomorrow": .clock, "yesterday": .clock,
      "ad": .annoDomini, "bc": .beforeChrist, "am": .ante, "pm": .post, "at": .ignored, "on": .ignored,
      "t": .timeMark, "dst": .daylightMark, "sept": .month(9),
      "y": .unit(.year), "m": .unit(.month), "d": .unit(.day), "h": .unit(.hour), "mm": .unit(.minute),
      "s": .unit(.second), "j": .unit(.julian), "jd": .unit(.julian), "julian": .unit(.julian),
      "dow": .unit(.other), "doy": .unit(.other), "isodow": .unit(.other), "isoyear": .unit(.other),
    ]
    let months = [
      "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
      "november", "december",
    ]
    for (index, name) in months.enumerated() {
      words[name] = .month(index + 1)
      words[String(name.prefix(3))] = .month(index + 1)
    }
    for day in [
      "sun", "sunday", "mon", "monday", "tue", "tues", "tuesday", "wed", "weds", "wednesday", "thu", "thur",
      "thurs", "thursday", "fri", "friday", "sat", "saturday",
    ] { words[day] = .dayOfWeek }
    return words
  }()
}
