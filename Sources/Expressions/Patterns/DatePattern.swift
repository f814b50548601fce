package import Model

/// How dates and times are written: a pattern of the kind that Postgres's `to_date` takes: `DD.MM.YYYY HH24:MI:SS`.
///
/// Understood are `YYYY YY MM MON MONTH DD DDD HH HH12 HH24 MI SS MS US AM PM`; anything else stands for itself.
/// Letters stand for themselves in double quotes. Unlike `to_date` it is strict: nothing is left over, the date
/// must exist, and no digit is missing but zeros in front of a day, a month or a part of a time that stands apart
/// from other numbers.
package struct DatePattern: Hashable, Sendable {
  package enum Field: Hashable, Sendable {
    case year, shortYear, month, monthName, day, dayOfYear, hour, hour12, minute, second, millisecond
    case microsecond, meridiem
    case literal(UInt8)

    fileprivate var isNumber: Bool {
      switch self {
      case .monthName, .meridiem, .literal: false
      default: true
      }
    }
  }

  private static let names: [(text: String, field: Field)] = [
    ("YYYY", .year), ("YY", .shortYear), ("MONTH", .monthName), ("MON", .monthName), ("MM", .month),
    ("MI", .minute), ("MS", .millisecond), ("DDD", .dayOfYear), ("DD", .day), ("HH24", .hour),
    ("HH12", .hour12), ("HH", .hour12), ("SS", .second), ("US", .microsecond), ("AM", .meridiem),
    ("PM", .meridiem),
  ]

  package let fields: [Field]

  /// Whether all digits of a field must be there: those of a year, and of numbers that nothing keeps apart.
  package let needsAllDigits: [Bool]

  /// - Throws: `Fault` `bad_pattern` for a pattern with an unclosed quote or a letter that means nothing, or whose hours
  ///   are of twelve without `AM`, or of 24 with it.
  package init(_ pattern: String, place: Place) throws(Fault) {
    var rest = Substring(pattern)
    var fields: [Field] = []
    while let next = rest.first {
      if next == "\"" {
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "\"") else {
          throw Fault(
            "bad_pattern", .validation, "The pattern `\(pattern)` lacks a closing quote", place: place)
        }
        fields += rest[..<end].utf8.map { .literal($0) }
        rest = rest[rest.index(after: end)...]
        continue
      }
      let upper = rest.uppercased()
      if let (text, field) = Self.names.first(where: { upper.hasPrefix($0.text) }) {
        fields.append(field)
        rest = rest.dropFirst(text.count)
        continue
      }
      guard !next.isLetter || next == "T" else {
        throw Fault(
          "bad_pattern", .validation, "The pattern `\(pattern)` has a field that is not known, at `\(rest)`",
          place: place,
          hint:
            "Use YYYY MM DD HH24 MI SS and the like; put letters that stand for themselves in double quotes")
      }
      fields += String(next).utf8.map { .literal($0) }
      rest = rest.dropFirst()
    }
    if fields.contains(.hour12) != fields.contains(.meridiem)
      || fields.contains(.hour) && fields.contains(.hour12)
    {
      throw Fault(
        "bad_pattern", .validation,
        "The pattern `\(pattern)` does not say which half of the day an hour is of",
        place: place, hint: "Use HH24 alone, or HH12 with AM")
    }
    self.fields = fields
    needsAllDigits = fields.indices.map { index in
      fields[index] == .year || fields[index] == .shortYear
        || index > 0 && fields[index - 1].isNumber || index + 1 < fields.count && fields[index + 1].isNumber
    }
  }
}
