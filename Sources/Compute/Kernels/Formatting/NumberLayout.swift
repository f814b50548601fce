/// Writes one number into a `NumberTemplate`, digit by digit.
///
/// Source: `NUM_processor` and `NUM_numpart_to_char` of Postgres's `formatting.c`.
struct NumberLayout {
  private let template: NumberTemplate
  private let isNegative: Bool
  private let digits: [UInt8]
  private let digitsAfter: Int
  /// Places in front that the number has no digits for.
  private let blanks: Int
  private let digitCount: Int
  private let hasBracket: Bool
  /// The last digit that FM keeps; `nil` where it takes none away.
  private let lastRelevant: Int?
  private var signWritten: Bool
  private var out: [UInt8] = []
  /// A digit has been written, so that commas show.
  private var isInNumber = false
  /// The digits ran out, at which Postgres's text ends whatever the pattern goes on with.
  private var isCut = false
  private var place = 0
  private var position = 0

  private static let point = UInt8(ascii: ".")
  private static let blank = UInt8(ascii: " ")
  private static let zero = UInt8(ascii: "0")

  init(
    template: NumberTemplate, isNegative: Bool, digits: [UInt8], digitsAfter: Int, blanks: Int, width: Int
  ) {
    self.template = template
    self.isNegative = isNegative
    self.digits = digits
    self.digitsAfter = digitsAfter
    self.blanks = blanks
    var hasBracket = template.hasBracket
    if template.hasPlus || template.hasMinus {
      signWritten = !(template.hasPlus && !template.hasMinus)
    } else {
      if !isNegative && template.isBare { hasBracket = false }
      signWritten = !isNegative && template.isBare && template.signPlace == .none
    }
    self.hasBracket = hasBracket
    var last: Int?
    if template.isBare && template.hasPoint, let found = digits.firstIndex(of: Self.point) {
      var relevant = found
      for index in digits.indices[(found + 1)...] where digits[index] != Self.zero { relevant = index }
      if template.zeroEnd > blanks {
        relevant = max(relevant, min(digits.count - 1, template.zeroEnd - blanks))
      }
      last = relevant
    }
    lastRelevant = last
    digitCount = digitsAfter + width - 1 + (!signWritten && blanks == 0 ? 1 : 0)
  }

  mutating func text() -> String {
    for part in template.parts where !isCut {
      switch part {
      case .nine, .zero, .point: writePlace(part)
      case .comma:
        if isInNumber { out.append(UInt8(ascii: ",")) } else if !template.isBare { out.append(Self.blank) }
      case .minus:
        if isNegative { out.append(UInt8(ascii: "-")) } else if !template.isBare { out.append(Self.blank) }
      case .plus:
        if !isNegative { out.append(UInt8(ascii: "+")) } else if !template.isBare { out.append(Self.blank) }
      case .sign: out.append(isNegative ? UInt8(ascii: "-") : UInt8(ascii: "+"))
      case .localeSign, .bracket, .multiply: break
      case .text(let byte): out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The zero before the point of a number below one, which only `0` shows.
  private var isLeadingZero: Bool {
    !template.hasZero && position == 0 && digits.first == Self.zero && digitsAfter != 0
  }

  private var endsInPoint: Bool { lastRelevant.map { digits[$0] == Self.point } ?? false }

  private mutating func writeSign() {
    let reached = place >= blanks || template.hasZero && template.zeroStart == place
    guard !signWritten, reached, !isLeadingZero || endsInPoint else { return }
    if template.signPlace != .none {
      guard template.signPlace == .before else { return }
      out.append(isNegative ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    } else if hasBracket {
      out.append(isNegative ? UInt8(ascii: "<") : Self.blank)
    } else if isNegative {
      out.append(UInt8(ascii: "-"))
    } else if !template.isBare {
      out.append(Self.blank)
    }
    signWritten = true
  }

  private mutating func writePlace(_ part: NumberTemplate.Part) {
    isInNumber = false
    writeSign()
    if place < blanks && (template.zeroStart > place || !template.hasZero) {
      if !template.isBare { out.append(Self.blank) }
    } else if template.hasZero && place < blanks {
      out.append(Self.zero)
      isInNumber = true
    } else {
      writeDigit(part)
      if position < digits.count { position += 1 }
    }
    var end = digitCount + (blanks > 0 ? 1 : 0) + (template.hasPoint ? 1 : 0)
    if let lastRelevant, lastRelevant == position { end = place }
    if place + 1 == end, !isCut {
      if signWritten && hasBracket {
        out.append(isNegative ? UInt8(ascii: ">") : Self.blank)
      } else if template.signPlace == .after {
        out.append(isNegative ? UInt8(ascii: "-") : UInt8(ascii: "+"))
      }
    }
    place += 1
  }

  private mutating func writeDigit(_ part: NumberTemplate.Part) {
    guard position < digits.count else {
      isCut = lastRelevant == nil || part == .zero
      return
    }
    if digits[position] == Self.point {
      if lastRelevant == nil || !endsInPoint || template.isBare { out.append(Self.point) }
      return
    }
    if let lastRelevant, position > lastRelevant, part != .zero { return }
    if isLeadingZero {
      if !template.isBare {
        out.append(Self.blank)
      } else if endsInPoint {
        out.append(Self.zero)
      }
      return
    }
    out.append(digits[position])
    isInNumber = true
  }
}
