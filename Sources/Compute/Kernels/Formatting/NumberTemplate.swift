internal import Expressions
internal import Glibc
internal import Model

/// A `to_char` pattern for numbers, of `9 0 . , MI PL SG S PR V FM`.
///
/// Source: `NUMDesc_prepare`, `NUM_processor` and `NUM_numpart_to_char` of Postgres's `formatting.c`, whose
/// steps it keeps.
struct NumberTemplate {
  enum Part: Hashable {
    case nine, zero, point, comma, minus, plus, sign, localeSign, bracket, multiply
    case text(UInt8)
  }

  enum SignPlace { case none, before, after }

  private(set) var parts: [Part] = []
  private(set) var isBare = false
  private(set) var digitsBefore = 0
  private(set) var digitsAfter = 0
  private(set) var multiplier = 0
  private(set) var zeroStart = 0
  private(set) var zeroEnd = 0
  private(set) var hasZero = false
  private(set) var hasPoint = false
  private(set) var hasMinus = false
  private(set) var hasPlus = false
  private(set) var hasBracket = false
  private(set) var signPlace = SignPlace.none
  private var isMultiplying = false
  private var digitsBeforeSign = 0
  /// A pattern that Postgres refuses: 42601.
  private var fault: RowFault?

  private static let words: [String: Part] = [
    "MI": .minus, "PL": .plus, "SG": .sign, "PR": .bracket, "9": .nine, "0": .zero, ".": .point, ",": .comma,
    "S": .localeSign, "V": .multiply,
  ]

  init(_ pattern: [UInt8]) {
    var lexer = ToCharLexer(pattern, .numbers)
    while let piece = lexer.next() {
      switch piece {
      case .quoted(let text): parts += text.map { .text($0) }
      case .bare: isBare = true
      case .word(let word):
        guard let part = Self.words[word] else { continue }
        parts.append(part)
        note(part)
      case .other(let byte): parts.append(.text(byte))
      }
    }
    if signPlace == .before && digitsBefore + multiplier == digitsBeforeSign && !hasMinus && !hasPlus {
      signPlace = .after
    }
    // Counted from one so far.
    if zeroStart > 0 { zeroStart -= 1 }
  }

  private mutating func refuse(_ sentence: String) {
    fault = fault ?? RowFault(sqlState: "42601", sentence: sentence)
  }

  private mutating func note(_ part: Part) {
    switch part {
    case .nine:
      if hasBracket { refuse("\"9\" must be ahead of \"PR\"") }
      if isMultiplying {
        multiplier += 1
      } else if hasPoint {
        digitsAfter += 1
      } else {
        digitsBefore += 1
      }
    case .zero:
      if hasBracket { refuse("\"0\" must be ahead of \"PR\"") }
      if !hasZero && !hasPoint {
        hasZero = true
        zeroStart = digitsBefore + 1
      }
      if hasPoint { digitsAfter += 1 } else { digitsBefore += 1 }
      zeroEnd = digitsBefore + digitsAfter
    case .point:
      if hasPoint { refuse("multiple decimal points") }
      if isMultiplying { refuse("cannot use \"V\" and decimal point together") }
      hasPoint = true
    case .localeSign:
      if signPlace != .none { refuse("cannot use \"S\" twice") }
      if hasPlus || hasMinus || hasBracket {
        refuse("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together")
      }
      signPlace = hasPoint ? .after : .before
      digitsBeforeSign = digitsBefore
    case .minus, .plus, .sign:
      if signPlace != .none { refuse("cannot use \"S\" and \"MI\" together") }
      hasMinus = hasMinus || part != .plus
      hasPlus = hasPlus || part != .minus
    case .bracket:
      if signPlace != .none || hasPlus || hasMinus {
        refuse("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together")
      }
      hasBracket = true
    case .multiply:
      if hasPoint { refuse("cannot use \"V\" and decimal point together") }
      isMultiplying = true
    case .comma, .text: break
    }
  }

  /// - Parameter range: of an integer's type, which its multiple must not leave either.
  func text(_ number: Decimal, range: IntegerRange? = nil) throws(RowFault) -> String {
    if let fault { throw fault }
    var number = number
    if multiplier > 0 {
      let factor = try Decimal(Int64(10)).power(Decimal(Int64(multiplier)))
      number = try number.multiplied(by: factor)
      // The factor is of the integer's type too.
      if let range {
        for value in [factor, number] where !range.holds(try value.int64()) {
          throw .numericOutOfRange(range.name)
        }
      }
    }
    return formatted(Array(try number.rounded(toScale: digitsAfter).description.utf8), digitsAfter)
  }

  /// A float is printed to as many digits as its type surely holds, and multiplied in that type.
  func text<Number: BinaryFloatingPoint>(_ number: Number, significantDigits: Int) throws(RowFault) -> String
  {
    if let fault { throw fault }
    let value = Double(multiplier > 0 ? number * Number(pow(10, Double(multiplier))) : number)
    let whole = Self.fixed(value.magnitude, decimals: 0).count
    let decimals = whole >= significantDigits ? 0 : min(digitsAfter, significantDigits - whole)
    return formatted(Self.fixed(value, decimals: decimals), decimals)
  }

  /// C's `%.*f`, but for the names of what is no number.
  private static func fixed(_ value: Double, decimals: Int) -> [UInt8] {
    guard value.isFinite else { return Array(PostgresFloat.text(value).utf8) }
    return withVaList([CInt(truncatingIfNeeded: decimals), value]) { arguments in
      // The longest double has 309 digits before the point.
      var buffer = [CChar](repeating: 0, count: 400 + decimals)
      let length = Int(vsnprintf(&buffer, buffer.count, "%.*f", arguments))
      return buffer.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }
    }
  }

  /// Lays out the digits of a number that is rounded already.
  private func formatted(_ printed: [UInt8], _ digitsAfter: Int) -> String {
    let isNegative = printed.first == UInt8(ascii: "-")
    var digits = isNegative ? Array(printed.dropFirst()) : printed
    let width = digitsBefore + multiplier
    let length = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    if length > width {
      digits = Array(repeating: UInt8(ascii: "#"), count: width + digitsAfter + 1)
      digits[width] = UInt8(ascii: ".")
    }
    var layout = NumberLayout(
      template: self, isNegative: isNegative, digits: digits, digitsAfter: digitsAfter,
      blanks: max(width - length, 0), width: width)
    return layout.text()
  }
}
