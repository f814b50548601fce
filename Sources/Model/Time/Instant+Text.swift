extension Instant {
  /// The instant at which a clock that is `offset` seconds ahead of UTC shows `local`.
  package init(_ local: LocalTime, offset: Int) {
    self.init(seconds: local.seconds - offset)
  }

  /// Whole seconds since 1970-01-01T00:00:00Z.
  package init(seconds: Int) {
    self.init(microseconds: Int64(seconds) * 1_000_000)
  }

  /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
  package var seconds: Int { Int(microseconds).floorDivided(by: 1_000_000) }

  package func advanced(by duration: Duration) -> Instant {
    let (seconds, attoseconds) = duration.components
    return Instant(
      microseconds: microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  /// How long it is from `self` to `other`; negative where `other` is earlier.
  package func duration(to other: Instant) -> Duration {
    .microseconds(other.microseconds - microseconds)
  }

  /// RFC 3339 by a clock that is `offset` seconds ahead of UTC: `2026-03-29T03:00:00+02:00`, or
  /// with `Z` for 0. The fraction stands only where there is one, without trailing zeros; if `isAligned`
  /// always, with six digits, so that lines of one zone sort by their text. An
  /// offset that is not whole minutes (Africa/Monrovia until 1972) is rounded down to them, and
  /// the local time with it: RFC 3339 has no seconds there, and the text names the same instant.
  package func text(offset: Int = 0, isAligned: Bool = false) -> String {
    let wholeMinutes = offset.floorDivided(by: 60) * 60
    let fraction = Int(microseconds).floorRemainder(dividingBy: 1_000_000)
    var text = LocalTime(seconds: seconds + wholeMinutes).description
    if fraction != 0 || isAligned {
      var digits = fraction.padded(to: 6)
      while digits.hasSuffix("0"), !isAligned { digits.removeLast() }
      text += "." + digits
    }
    return text + (wholeMinutes == 0 ? "Z" : Instant.offsetText(wholeMinutes))
  }

  /// `+02:00` of 7200.
  package static func offsetText(_ offset: Int) -> String {
    let minutes = abs(offset) / 60
    return
      "\(offset < 0 ? "-" : "+")\((minutes / 60).padded(to: 2)):\((minutes % 60).padded(to: 2))"
  }

  /// Reads RFC 3339 (`2026-12-31T23:00:00+01:00`, `...Z`, with up to six digits of fraction). The
  /// offset must be there; `nil` for everything else. A leap second reads as the next second.
  package init?(rfc3339 text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, let day = CivilDay(text: String(decoding: bytes[..<10], as: UTF8.self)),
      [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let hour = Int(decimalDigits: bytes[11..<13]), hour < 24,
      let minute = Int(decimalDigits: bytes[14..<16]), minute < 60,
      let second = Int(decimalDigits: bytes[17..<19]), second < 60 || (second == 60 && minute == 59)
    else { return nil }

    var rest = bytes[19...]
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard digits.count <= 6, let value = Int(decimalDigits: digits) else { return nil }
      fraction = value
      for _ in digits.count..<6 { fraction *= 10 }
      rest = rest[digits.endIndex...]
    }

    guard let offset = Instant.offset(rest) else { return nil }
    let local = LocalTime(day, secondOfDay: hour * 3600 + minute * 60 + second)
    self.init(microseconds: Int64(local.seconds - offset) * 1_000_000 + Int64(fraction))
  }

  private static func offset(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let sign = bytes.first else { return nil }
    if bytes.count == 1 { return sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") ? 0 : nil }
    let digits = bytes.dropFirst()
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 5,
      digits[digits.startIndex + 2] == UInt8(ascii: ":"),
      let hours = Int(decimalDigits: digits.prefix(2)), hours < 24,
      let minutes = Int(decimalDigits: digits.suffix(2)), minutes < 60
    else { return nil }
    return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
  }
}
