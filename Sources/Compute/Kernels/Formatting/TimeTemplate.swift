internal import Expressions
internal import Model

/// A `to_char` pattern for times: fields and the text between them.
///
/// Source: `DCH_to_char` of Postgres's `formatting.c`.
struct TimeTemplate {
  private enum Part {
    case text([UInt8])
    /// A field, and whether `FM` took its padding off.
    case field(String, isBare: Bool)
  }

  private let parts: [Part]

  init(_ pattern: [UInt8]) {
    var parts: [Part] = []
    var text: [UInt8] = []
    // FM is of the field that follows at once.
    var isBare = false
    var lexer = ToCharLexer(pattern, .times)
    while let piece = lexer.next() {
      switch piece {
      case .quoted(let quoted): text += quoted
      case .bare:
        isBare = true
        continue
      case .word(let field):
        if !text.isEmpty { parts.append(.text(text)) }
        text = []
        parts.append(.field(field, isBare: isBare))
      case .other(let byte): text.append(byte)
      }
      isBare = false
    }
    if !text.isEmpty { parts.append(.text(text)) }
    self.parts = parts
  }

  func text(_ fields: TimeFields) throws(RowFault) -> String {
    var out = ""
    for part in parts {
      switch part {
      case .text(let bytes): out += String(decoding: bytes, as: UTF8.self)
      case .field(let name, let isBare): out += try Self.text(name, isBare, fields)
      }
    }
    return out
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November",
    "December",
  ]
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  /// C's `%0*d`: zeros up to a width that counts the sign.
  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value.magnitude)
    let sign = value < 0 ? "-" : ""
    return sign + String(repeating: "0", count: max(width - digits.utf8.count - sign.utf8.count, 0)) + digits
  }

  private static func number(_ value: Int, _ width: Int, _ isBare: Bool) -> String {
    padded(value, isBare ? 0 : value >= 0 ? width : width + 1)
  }

  /// The last `width` digits of a year. Its sign takes a place of its own, also where they have none to show.
  private static func year(_ year: Int, _ width: Int, _ isBare: Bool) -> String {
    padded(year % (width == 3 ? 1000 : 100), isBare ? 0 : year >= 0 ? width : width + 1)
  }

  /// A name in the case of the field's own, filled to nine characters where `fills`.
  private static func name(_ name: String, like field: String, fills: Bool) -> String {
    let letters = field.utf8.prefix(2).map { $0 < 0x60 }
    let cased = letters == [true, true] ? name.uppercased() : letters[0] ? name : name.lowercased()
    return fills ? cased + String(repeating: " ", count: max(9 - cased.utf8.count, 0)) : cased
  }

  private static func text(_ field: String, _ isBare: Bool, _ fields: TimeFields) throws(RowFault) -> String {
    switch field {
    case "AM", "PM": return fields.hour % 24 >= 12 ? "PM" : "AM"
    case "am", "pm": return fields.hour % 24 >= 12 ? "pm" : "am"
    case "A.M.", "P.M.": return fields.hour % 24 >= 12 ? "P.M." : "A.M."
    case "a.m.", "p.m.": return fields.hour % 24 >= 12 ? "p.m." : "a.m."
    case "HH", "HH12":
      let hour = fields.hour % 12 == 0 ? 12 : fields.hour % 12
      return padded(hour, isBare ? 0 : fields.hour >= 0 ? 2 : 3)
    case "HH24": return number(fields.hour, 2, isBare)
    case "MI": return number(fields.minute, 2, isBare)
    case "SS": return number(fields.second, 2, isBare)
    case "MS": return padded(fields.microsecond / 1000, 3)
    case "US": return padded(fields.microsecond, 6)
    case "SSSS", "SSSSS": return String(fields.hour * 3600 + fields.minute * 60 + fields.second)
    case "MM": return number(fields.month, 2, isBare)
    case "DD": return padded(fields.day, isBare ? 0 : 2)
    case "DDD": return padded(fields.dayOfYear, isBare ? 0 : 3)
    case "WW": return padded((fields.dayOfYear - 1) / 7 + 1, isBare ? 0 : 2)
    case "W": return String((fields.day - 1) / 7 + 1)
    case "Q": return fields.month == 0 ? "" : String((fields.month - 1) / 3 + 1)
    case "CC": return century(fields, isBare)
    case "Y,YYY":
      let year = fields.shown(fields.year)
      return "\(year / 1000)," + padded(year % 1000, 3)
    case "YYYY": return number(fields.shown(fields.year), 4, isBare)
    case "YYY": return year(fields.shown(fields.year), 3, isBare)
    case "YY": return year(fields.shown(fields.year), 2, isBare)
    case "Y": return String(fields.shown(fields.year) % 10)
    default: break
    }
    guard let date = fields.date else {
      throw RowFault(sqlState: "22007", sentence: "invalid format specification for an interval value")
    }
    return calendarText(field, isBare, date, fields)
  }

  private static func century(_ fields: TimeFields, _ isBare: Bool) -> String {
    let year = fields.year
    let century = fields.isInterval ? year / 100 : year > 0 ? (year - 1) / 100 + 1 : year / 100 - 1
    return abs(century) <= 99 ? number(century, 2, isBare) : String(century)
  }

  /// Fields that only a day of the calendar has.
  private static func calendarText(
    _ field: String, _ isBare: Bool, _ date: CivilDate, _ fields: TimeFields
  ) -> String {
    switch field {
    case "MONTH", "Month", "month": return name(months[date.month - 1], like: field, fills: !isBare)
    case "MON", "Mon", "mon": return name(String(months[date.month - 1].prefix(3)), like: field, fills: false)
    case "DAY", "Day", "day": return name(days[date.dayOfWeek], like: field, fills: !isBare)
    case "DY", "Dy", "dy": return name(String(days[date.dayOfWeek].prefix(3)), like: field, fills: false)
    case "D": return String(date.dayOfWeek + 1)
    case "ID": return String(date.isoDayOfWeek)
    case "IDDD": return padded((date.isoWeek.week - 1) * 7 + date.isoDayOfWeek, isBare ? 0 : 3)
    case "IW": return padded(date.isoWeek.week, isBare ? 0 : 2)
    case "J": return String(date.daysSince2000 + 2_451_545)
    case "IYYY": return number(fields.shown(date.isoWeek.year), 4, isBare)
    case "IYY": return year(fields.shown(date.isoWeek.year), 3, isBare)
    case "IY": return year(fields.shown(date.isoWeek.year), 2, isBare)
    default: return String(fields.shown(date.isoWeek.year) % 10)
    }
  }
}
