/// The significant digits of a finite number other than zero: the value is `d.ddd * 10^exponent`.
struct ShortestDigits {
  /// Without leading or trailing zeros.
  var digits: String
  var exponent: Int
  var isNegative: Bool

  init(_ value: Double) {
    self.init(swiftText: value.description)
    // Below, a point halfway between two neighbours has more digits than any shortest form.
    guard value.magnitude >= 0x1p53 else { return }
    moveOffBounds(of: value.magnitude, below: value.magnitude.nextDown, longest: 17)
  }

  init(_ value: Float) {
    self.init(swiftText: value.description)
    guard value.magnitude >= 0x1p24 else { return }
    moveOffBounds(of: Double(value.magnitude), below: Double(value.magnitude.nextDown), longest: 9)
  }

  /// Replaces digits that name the point halfway to a neighbour. Swift takes them where reading them rounds
  /// to the even number; Postgres takes only digits strictly nearer to the number than to its neighbours.
  private mutating func moveOffBounds(of value: Double, below: Double, longest: Int) {
    let exact = DecimalDigits(exactly: value)
    let half = DecimalDigits(mantissa: 5, scale: 1)
    let gapBelow = exact.subtracting(DecimalDigits(exactly: below))
    // At a power of two the neighbour above is twice as far away as the one below.
    let isPowerOfTwo = value.significandBitPattern == 0
    let gapAbove = isPowerOfTwo ? gapBelow.adding(gapBelow) : gapBelow
    let lower = exact.subtracting(gapBelow.multipliedExactly(by: half))
    let upper = exact.adding(gapAbove.multipliedExactly(by: half))
    func isInside(_ number: DecimalDigits) -> Bool {
      DecimalDigits.order(lower, number) < 0 && DecimalDigits.order(number, upper) < 0
    }
    let current = DecimalDigits(
      decimals: digits.utf8.map { $0 - UInt8(ascii: "0") }, exponent: exponent - digits.utf8.count + 1,
      isNegative: false, scale: 0)
    guard !isInside(current) else { return }
    for count in digits.utf8.count...longest {
      let scale = count - 1 - exponent
      var down = exact
      down.truncate(to: scale)
      let unit = DecimalDigits(decimals: [1], exponent: -scale, isNegative: false, scale: max(scale, 0))
      let nearest = exact.roundedHalfEven(to: scale)
      guard let found = [nearest, down, down.adding(unit)].first(where: isInside) else { continue }
      var text: [UInt8] = []
      found.appendText(to: &text)
      self = ShortestDigits(
        swiftText: (isNegative ? "-" : "") + String(decoding: text, as: UTF8.self))
      return
    }
  }

  private init(swiftText: String) {
    var all: [UInt8] = []
    var pointAt: Int?
    var written = 0
    isNegative = false
    var rest = Substring(swiftText)
    if rest.first == "-" {
      isNegative = true
      rest = rest.dropFirst()
    }
    if let mark = rest.firstIndex(of: "e") {
      written = Int(rest[rest.index(after: mark)...]) ?? 0
      rest = rest[..<mark]
    }
    for byte in rest.utf8 {
      if byte == UInt8(ascii: ".") { pointAt = all.count } else { all.append(byte) }
    }
    let leadingZeros = all.prefix { $0 == UInt8(ascii: "0") }.count
    exponent = written + (pointAt ?? all.count) - 1 - leadingZeros
    all.removeFirst(leadingZeros)
    while all.last == UInt8(ascii: "0") { all.removeLast() }
    digits = String(decoding: all, as: UTF8.self)
  }
}
