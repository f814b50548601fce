/// A part of a date, time or interval that `extract`, `date_part` and `date_trunc` name.
package enum DateTimePart: Sendable, Hashable, CaseIterable {
  case microsecond, millisecond, second, minute, hour, day, week, month, quarter, year
  case decade, century, millennium
  case dayOfWeek, isoDayOfWeek, dayOfYear, isoYear, julian, epoch
  case zone, zoneHour, zoneMinute

  /// The part of a name as Postgres accepts it, abbreviations and plurals included, in any case.
  package init?(_ name: String) {
    let word = Array(name.lowercased().utf8)
    if let part = Self.unit(word) {
      self = part
      return
    }
    switch String(decoding: word, as: UTF8.self) {
    case "epoch": self = .epoch
    case "dow": self = .dayOfWeek
    case "isodow": self = .isoDayOfWeek
    case "doy": self = .dayOfYear
    case "isoyear": self = .isoYear
    case "j", "jd", "julian": self = .julian
    default: return nil
    }
  }

  /// The part of a word that may stand in an interval.
  static func unit(_ word: [UInt8]) -> DateTimePart? {
    // Postgres looks at ten letters only, so longer ones are cut here too.
    units[String(decoding: word.prefix(10), as: UTF8.self)]
  }

  private static let units: [String: DateTimePart] = {
    let names: [(DateTimePart, [String])] = [
      (.microsecond, ["microsecon", "us", "usec", "useconds", "usecs"]),
      (.millisecond, ["millisecon", "ms", "msec", "mseconds", "msecs"]),
      (.second, ["s", "sec", "second", "seconds", "secs"]),
      (.minute, ["m", "min", "mins", "minute", "minutes"]),
      (.hour, ["h", "hour", "hours", "hr", "hrs"]),
      (.day, ["d", "day", "days"]),
      (.week, ["w", "week", "weeks"]),
      (.month, ["mon", "mons", "month", "months"]),
      (.quarter, ["qtr", "quarter"]),
      (.year, ["y", "year", "years", "yr", "yrs"]),
      (.decade, ["dec", "decade", "decades", "decs"]),
      (.century, ["c", "cent", "centuries", "century"]),
      (.millennium, ["mil", "millennia", "millennium", "mils"]),
      (.zone, ["timezone"]), (.zoneHour, ["timezone_h"]), (.zoneMinute, ["timezone_m"]),
    ]
    var units: [String: DateTimePart] = [:]
    for (part, words) in names { for word in words { units[word] = part } }
    return units
  }()
}

extension RowFault {
  /// A part that the type has not got, or cannot be cut to (0A000).
  static func unsupportedPart(of type: String) -> RowFault {
    RowFault(sqlState: "0A000", sentence: "unit not supported for type \(type)")
  }

  /// A part that cannot be cut to in any type (22023).
  static func unknownPart(of type: String) -> RowFault {
    .invalidParameter("unit not recognized for type \(type)")
  }
}
