import Model

extension ValueCases {
  private static func timestamp(_ text: String) throws -> Timestamp { try Timestamp(parsing: text) }

  private static func moment(_ text: String, _ zone: String) throws -> Timestamp {
    try Timestamp(parsingMoment: text, zones: context(zone))
  }

  private static func interval(_ text: String) throws -> CalendarInterval {
    try CalendarInterval(parsing: text)
  }

  private static func date(_ text: String) throws -> DateValue { try DateValue(parsing: text) }

  private static func part(_ name: String) throws -> DateTimePart {
    guard let part = DateTimePart(name) else { throw RowFault.invalidParameter("unit not recognized") }
    return part
  }

  private static func number(_ text: String) throws -> Double { try PostgresFloat.double(parsing: text) }

  private static func small(_ text: String) throws -> Int32 {
    Int32(truncatingIfNeeded: try wholeNumber(text))
  }

  /// On intervals, dates and timestamps; on timestamptzs the first argument is the session's zone.
  static let calendar: [String: Operation] = [
    "interval": { try interval($0[0]).description },
    "interval +": { try interval($0[0]).adding(interval($0[1])).description },
    "interval -": { try interval($0[0]).subtracting(interval($0[1])).description },
    "interval neg": { try interval($0[0]).negated().description },
    "interval *": { try interval($0[0]).multiplied(by: number($0[1])).description },
    "interval /": { try interval($0[0]).divided(by: number($0[1])).description },
    "interval <=>": { try String(CalendarInterval.order(interval($0[0]), interval($0[1])).signum()) },
    "justify_hours": { try interval($0[0]).justifiedHours().description },
    "interval trunc": { try interval($0[1]).truncated(to: part($0[0])).description },
    "interval extract": { try interval($0[1]).extract(part($0[0])).description },
    "timestamp +": { try timestamp($0[0]).adding(interval($0[1])).description },
    "timestamp - interval": { try timestamp($0[0]).subtracting(interval($0[1])).description },
    "timestamp -": { try timestamp($0[0]).subtracting(timestamp($0[1])).description },
    "age": { try timestamp($0[0]).age(since: timestamp($0[1])).description },
    "timestamp trunc": { try timestamp($0[1]).truncated(to: part($0[0])).description },
    "timestamp extract": { try timestamp($0[1]).extract(part($0[0]))?.description ?? "NULL" },
    "date_part": { try timestamp($0[1]).datePart(part($0[0])).map { PostgresFloat.text($0) } ?? "NULL" },
    "date_bin": {
      try timestamp($0[1]).binned(stride: interval($0[0]), origin: timestamp($0[2])).description
    },
    "timestamptz +": {
      let session = try zone($0[0])
      return try moment($0[1], $0[0]).adding(interval($0[2]), in: session).text(in: session)
    },
    "timestamptz age": {
      try moment($0[1], $0[0]).age(since: moment($0[2], $0[0]), in: zone($0[0])).description
    },
    "timestamptz trunc": {
      let session = try zone($0[0])
      return try moment($0[2], $0[0]).truncated(to: part($0[1]), in: session).text(in: session)
    },
    "timestamptz extract": {
      try moment($0[2], $0[0]).extract(part($0[1]), in: zone($0[0]))?.description ?? "NULL"
    },
    "date +": { try date($0[0]).adding(days: small($0[1])).description },
    "date -": { try String(date($0[0]).subtracting(date($0[1]))) },
    "date + interval": { try Timestamp(date($0[0])).adding(interval($0[1])).description },
    "date extract": { try date($0[1]).extract(part($0[0]))?.description ?? "NULL" },
    "make_date": { try DateValue(year: small($0[0]), month: small($0[1]), day: small($0[2])).description },
  ]
}
