internal import Model

/// Reads amounts with units as people write them: `45m`, `2h30m`, `3d`, `512MB`, `0.1%`.
///
/// Units of one text go from large to small and stand once each; numbers are whole and may have underscores.
package enum UnitText {
  /// A fixed length of time. A day is 24 hours.
  package static func duration(_ text: String) -> Duration? {
    guard let amounts = amounts(text, units: ["w", "d", "h", "m", "s", "ms"]) else { return nil }
    let milliseconds: [String: Int] = [
      "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1,
    ]
    var total = 0
    for (number, unit) in amounts {
      guard let sum = total.adding(number, times: milliseconds[unit] ?? 0), sum <= longest else { return nil }
      total = sum
    }
    return .milliseconds(total)
  }

  /// A thousand years, in milliseconds.
  private static let longest = 31_557_600_000_000

  /// An amount by the calendar: days and months are as long as they happen to be.
  static func calendarAmount(_ text: String) -> CalendarAmount? {
    guard let amounts = amounts(text, units: ["y", "mo", "w", "d", "h", "m", "s"]) else { return nil }
    var (months, days, seconds) = (0, 0, 0)
    for (number, unit) in amounts {
      guard number <= 1_000_000 else { return nil }
      switch unit {
      case "y": months += 12 * number
      case "mo": months += number
      case "w": days += 7 * number
      case "d": days += number
      case "h": seconds += 3600 * number
      case "m": seconds += 60 * number
      default: seconds += number
      }
    }
    return CalendarAmount(months: months, days: days, microseconds: Int64(seconds) * 1_000_000)
  }

  /// `kB MB GB TB` are powers of 1000, `KiB MiB GiB TiB` of 1024.
  static func byteCount(_ text: String) -> ByteCount? {
    let units: [String: Int] = [
      "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
      "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]
    guard let amounts = amounts(text, units: Array(units.keys)), amounts.count == 1,
      let factor = units[amounts[0].unit], let bytes = 0.adding(amounts[0].number, times: factor)
    else { return nil }
    return ByteCount(bytes)
  }

  /// A percentage of 0 to 100 with up to four decimals, in parts per million.
  static func partsPerMillion(_ text: String) -> Int? {
    guard text.hasSuffix("%") else { return nil }
    let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = number(parts[0]), whole <= 100 else { return nil }
    var fraction = 0
    if parts.count == 2 {
      guard (1...4).contains(parts[1].count), parts[1].allSatisfy(\.isASCIIDigit),
        let digits = Int(parts[1] + String(repeating: "0", count: 4 - parts[1].count))
      else { return nil }
      fraction = digits
    }
    let total = whole * 10_000 + fraction
    return total <= 1_000_000 ? total : nil
  }

  private static func amounts(_ text: String, units: [String]) -> [(number: Int, unit: String)]? {
    var amounts: [(number: Int, unit: String)] = []
    var rest = text[...]
    var lastUnit = -1
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCIIDigit || $0 == "_" }
      rest = rest[digits.endIndex...]
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest[unit.endIndex...]
      guard let number = number(digits), let rank = units.firstIndex(of: String(unit)), rank > lastUnit else {
        return nil
      }
      lastUnit = rank
      amounts.append((number, String(unit)))
    }
    return amounts.isEmpty ? nil : amounts
  }

  /// Digits with single underscores between them.
  private static func number(_ digits: Substring) -> Int? {
    guard let first = digits.first, first != "_", digits.last != "_", !digits.contains("__"),
      digits.allSatisfy({ $0.isASCIIDigit || $0 == "_" })
    else { return nil }
    return Int(digits.filter { $0 != "_" })
  }
}

extension Character {
  var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

extension Int {
  /// The sum, or nil where 64 bits do not hold it.
  fileprivate func adding(_ number: Int, times factor: Int) -> Int? {
    let (product, isTooBig) = number.multipliedReportingOverflow(by: factor)
    let (sum, isTooBigSum) = addingReportingOverflow(product)
    return isTooBig || isTooBigSum ? nil : sum
  }
}
