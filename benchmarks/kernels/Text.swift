func hundredths(_ value: Double) -> String {
  let whole = Int((value * 100).rounded())
  let rest = whole % 100
  return "\(whole / 100).\(rest < 10 ? "0" : "")\(rest)"
}

func tenths(_ value: Double) -> String {
  let whole = Int((value * 10).rounded())
  return "\(whole / 10).\(whole % 10)"
}

extension String {
  /// Filled up with blanks to so many characters, in front where the number is negative.
  func padded(_ width: Int) -> String {
    let blanks = String(repeating: " ", count: max(width.magnitude.asInt - count, 0))
    return width < 0 ? blanks + self : self + blanks
  }
}

extension UInt {
  fileprivate var asInt: Int { Int(self) }
}
