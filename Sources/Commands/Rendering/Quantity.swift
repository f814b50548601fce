/// Numbers as people read them.
enum Quantity {
  /// `6,001,215`.
  static func count(_ number: Int64) -> String {
    var digits = "\(number.magnitude)"
    var parts: [String] = []
    while digits.count > 3 {
      parts.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + parts).joined(separator: ",")
  }

  /// `1 row`, `6,001,215 rows`.
  static func counted(_ number: Int64, _ noun: String) -> String {
    "\(count(number)) \(noun)" + (number == 1 ? "" : "s")
  }

  /// `1.2 GB`, by powers of 1000.
  static func bytes(_ number: Int64) -> String {
    var value = Double(number)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 1000 { return unit == "B" ? "\(number) B" : "\(tenths(value)) \(unit)" }
      value /= 1000
    }
    return "\(tenths(value)) TB"
  }

  /// `0.8 s`, `2 min 5 s`, `3 h 20 min`.
  static func seconds(_ seconds: Double) -> String {
    if seconds < 60 { return "\(tenths(seconds)) s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 2 * 86400 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
    return "\(whole / 86400) d \(whole % 86400 / 3600) h"
  }

  static func rate(_ rows: Int64, _ seconds: Double) -> String {
    seconds > 0.000_5 ? count(Int64(Double(rows) / seconds)) : count(rows)
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
