/// Prints binary floating-point numbers as Postgres does with `extra_float_digits` at 1: the shortest digits
/// that read back as the same number.
package enum PostgresFloat {
  /// The text of a `double precision`.
  package static func text(_ value: Double) -> String {
    if let special = specialText(value) { return special }
    return text(ShortestDigits(value), fixedBelow: 15)
  }

  /// The text of a `real`.
  package static func text(_ value: Float) -> String {
    if let special = specialText(Double(value)) { return special }
    return text(ShortestDigits(value), fixedBelow: 6)
  }

  private static func specialText(_ value: Double) -> String? {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    return nil
  }

  /// Plain digits for exponents from -4 to below `fixedBelow`, else with an exponent of two digits or more.
  private static func text(_ number: ShortestDigits, fixedBelow: Int) -> String {
    let digits = number.digits
    var text = number.isNegative ? "-" : ""
    let exponent = number.exponent
    if exponent < -4 || exponent >= fixedBelow {
      text += digits.prefix(1)
      if digits.utf8.count > 1 { text += "." + digits.dropFirst() }
      let magnitude = exponent.magnitude
      text += (exponent < 0 ? "e-" : "e+") + (magnitude < 10 ? "0" : "") + String(magnitude)
    } else if exponent < 0 {
      text += "0." + String(repeating: "0", count: -exponent - 1) + digits
    } else if digits.utf8.count <= exponent + 1 {
      text += digits + String(repeating: "0", count: exponent + 1 - digits.utf8.count)
    } else {
      text += digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }
    return text
  }
}
