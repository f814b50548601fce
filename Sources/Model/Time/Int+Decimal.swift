extension Int {
  /// In decimal, with zeros in front up to `width` digits.
  package func padded(to width: Int) -> String {
    let text = String(self)
    return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
  }

  /// The number that `bytes` write in decimal, without a sign; `nil` where another byte is among
  /// them, where there is none, or more than nine.
  package init?(decimalDigits bytes: some Collection<UInt8>) {
    guard !bytes.isEmpty, bytes.count <= 9 else { return nil }
    var value = 0
    for byte in bytes {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    self = value
  }
}
