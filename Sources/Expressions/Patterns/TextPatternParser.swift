internal import Model

/// Reads regular expressions by recursive descent.
struct TextPatternParser {
  private let source: SourceText
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var depth = 0
  private var options = Options()

  private struct Options {
    var ignoresCase = false
    var matchesLines = false
    var dotTakesLineEnds = false
  }

  init(_ source: SourceText) {
    self.source = source
    scalars = Array(source.text.unicodeScalars)
  }

  mutating func pattern() throws(Fault) -> TextPattern {
    let pattern = try choice()
    if position < scalars.count { throw fault("`)` closes no group", at: position) }
    return pattern
  }

  func fault(_ what: String, at position: Int, hint: String? = nil) -> Fault {
    let offset = scalars[..<position].reduce(0) { $0 + UTF8.width($1) }
    let shown = source.text.count > 200 ? "\(source.text.prefix(200))..." : source.text
    return Fault(
      "bad_pattern", .validation, "\(what), in the regular expression `\(shown)`",
      place: source.place(atUTF8Offset: offset), hint: hint)
  }

  // MARK: Structure

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    position += 1
    return true
  }

  private mutating func take(_ text: String) -> Bool {
    guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  private mutating func choice() throws(Fault) -> TextPattern {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(Fault) -> TextPattern {
    var parts: [TextPattern] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let start = position
      guard let part = try atom() else { continue }
      parts.append(try repeated(part, from: start))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func repeated(_ part: TextPattern, from start: Int) throws(Fault) -> TextPattern {
    guard let (least, most) = try count() else { return part }
    if case .assertion = part { throw fault("Nothing is there that could be repeated", at: start) }
    let isLazy = take("?")
    if take("+") {
      throw fault("Possessive repetitions are not taken", at: position - 1, hint: "Leave the second `+` out")
    }
    let end = position
    if try count() != nil {
      throw fault("A repetition is repeated", at: end, hint: "Put the first in (?:...)")
    }
    return .repetition(part, least: least, most: most, isLazy: isLazy)
  }

  /// The bounds of a repetition, where one stands here.
  private mutating func count() throws(Fault) -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    let start = position
    guard take("{") else { return nil }
    let least = number()
    let hasComma = take(",")
    let most = hasComma ? number() : least
    guard least != nil || hasComma && most != nil, take("}") else {
      // A brace that bounds nothing stands for itself, as in Perl and Swift.
      position = start
      return nil
    }
    if let least, let most, least > most { throw fault("The bounds are the wrong way round", at: start) }
    return (least ?? 0, most)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = next.flatMap({ Int(exactly: $0.value &- 0x30) }), digit < 10 {
      value = min((value ?? 0) * 10 + digit, 1_000_000)
      position += 1
    }
    return value
  }

  /// One atom; `nil` for what only sets options.
  private mutating func atom() throws(Fault) -> TextPattern? {
    let start = position
    guard let scalar = next else { return nil }
    position += 1
    switch scalar {
    case "(": return try group(from: start)
    case "[": return .character(try characterClass(from: start))
    case ".":
      return .character(CharacterClass(options.dotTakesLineEnds ? [.range(0...0x10FFFF)] : [.line]))
    case "^": return .assertion(options.matchesLines ? .lineStart : .textStart)
    case "$": return .assertion(options.matchesLines ? .lineEnd : .textEnd)
    case "*", "+", "?": throw fault("Nothing is there that could be repeated", at: start)
    case "\\": return try escape(from: start)
    default: return one(scalar)
    }
  }

  private func one(_ scalar: Unicode.Scalar) -> TextPattern {
    .character(CharacterClass([.range(scalar.value...scalar.value)], ignoresCase: options.ignoresCase))
  }

  private mutating func group(from start: Int) throws(Fault) -> TextPattern? {
    let outer = options
    if take("?") {
      for (words, what) in [
        (["=", "!", "<=", "<!"], "Look-around is"), ([">"], "Atomic groups are"),
        (["P=", "P>", "R", "&", "("], "References are"),
      ] where words.contains(where: { scalars[position...].starts(with: $0.unicodeScalars) }) {
        throw fault("\(what) not taken", at: start, hint: "Such patterns cannot be matched in linear time")
      }
      if take("<") || take("P<") {
        try groupName(from: start)
      } else if !take(":"), try optionsEndTheGroup(from: start) {
        return nil
      }
    }
    depth += 1
    if depth > TextPattern.maximumDepth { throw fault("Groups stand too deep in each other", at: start) }
    let inner = try choice()
    depth -= 1
    options = outer
    guard take(")") else { throw fault("`(` is not closed", at: start) }
    // A group of its own, so that what follows repeats all of it.
    if case .assertion = inner { return .sequence([inner]) }
    return inner
  }

  private mutating func groupName(from start: Int) throws(Fault) {
    while let scalar = next, scalar != ">" {
      guard scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
        break
      }
      position += 1
    }
    if !take(">") { throw fault("The name of a group is not closed", at: start) }
  }

  /// Reads the letters of `(?i)` or `(?i:`. True where they hold for the rest of the group around them.
  private mutating func optionsEndTheGroup(from start: Int) throws(Fault) -> Bool {
    var isOn = true
    while let letter = next {
      position += 1
      switch letter {
      case "i": options.ignoresCase = isOn
      case "m": options.matchesLines = isOn
      case "s": options.dotTakesLineEnds = isOn
      case "-" where isOn: isOn = false
      case ")": return true
      case ":": return false
      default:
        throw fault(
          "`(?\(letter)` is not known", at: start,
          hint: "There are (?i), (?m), (?s), (?:...) and (?<name>...)")
      }
    }
    throw fault("`(` is not closed", at: start)
  }

  // MARK: Characters

  private mutating func escape(from start: Int) throws(Fault) -> TextPattern {
    switch next {
    case "b": position += 1; return .assertion(.wordEdge)
    case "B": position += 1; return .assertion(.noWordEdge)
    case "A": position += 1; return .assertion(.textStart)
    case "z", "Z": position += 1; return .assertion(.textEnd)
    default: break
    }
    switch try escapedCharacters(from: start) {
    case .range(let range):
      return .character(CharacterClass([.range(range)], ignoresCase: options.ignoresCase))
    case let item: return .character(CharacterClass([item]))
    }
  }

  /// What stands behind a backslash, in a class or outside of one.
  private mutating func escapedCharacters(from start: Int) throws(Fault) -> CharacterClass.Item {
    guard let letter = next else { throw fault("The pattern ends in a backslash", at: start) }
    position += 1
    switch letter {
    case "d": return .named(.digit, isNegated: false)
    case "D": return .named(.digit, isNegated: true)
    case "s": return .named(.space, isNegated: false)
    case "S": return .named(.space, isNegated: true)
    case "w": return .named(.word, isNegated: false)
    case "W": return .named(.word, isNegated: true)
    case "h": return .named(.blank, isNegated: false)
    case "t": return .single(0x09)
    case "n": return .single(0x0A)
    case "r": return .single(0x0D)
    case "f": return .single(0x0C)
    case "e": return .single(0x1B)
    case "0": return .single(0)
    case "x": return .single(take("{") ? try code(from: start, closed: true) : try code(2, from: start))
    case "u": return .single(take("{") ? try code(from: start, closed: true) : try code(4, from: start))
    case "1"..."9", "k", "g":
      throw fault(
        "References to groups are not taken", at: start,
        hint: "Such patterns cannot be matched in linear time")
    default:
      if letter.isASCII, !letter.properties.isAlphabetic { return .single(letter.value) }
      throw fault("`\\\(letter)` is not known", at: start)
    }
  }

  private mutating func code(_ digits: Int = 8, from start: Int, closed: Bool = false) throws(Fault) -> UInt32
  {
    var value: UInt32 = 0
    var count = 0
    while count < digits, let digit = next.flatMap({ $0.isASCII ? Character($0).hexDigitValue : nil }) {
      value = value &* 16 &+ UInt32(digit)
      count += 1
      position += 1
    }
    let isWhole = closed ? count > 0 && take("}") : count == digits
    guard isWhole, Unicode.Scalar(value) != nil else {
      throw fault(
        "The code of a character cannot be read", at: start,
        hint: "Write it like \\x41, \\u00E9 or \\x{1F600}")
    }
    return value
  }

  private mutating func characterClass(from start: Int) throws(Fault) -> CharacterClass {
    var set = CharacterClass([], isNegated: take("^"), ignoresCase: options.ignoresCase)
    var isFirst = true
    while true {
      guard let scalar = next else { throw fault("`[` is not closed", at: start) }
      if scalar == "]", !isFirst {
        position += 1
        return set
      }
      isFirst = false
      let itemStart = position
      let item = try classItem(scalar)
      guard case .range(let low) = item, next == "-", position + 1 < scalars.count,
        scalars[position + 1] != "]"
      else {
        set.items.append(item)
        continue
      }
      position += 1
      guard let end = next, case .range(let high) = try classItem(end) else {
        throw fault("A range of characters ends in a set", at: itemStart)
      }
      guard low.lowerBound <= high.lowerBound else {
        throw fault("A range of characters is the wrong way round", at: itemStart)
      }
      set.items.append(.range(low.lowerBound...high.lowerBound))
    }
  }

  private mutating func classItem(_ scalar: Unicode.Scalar) throws(Fault) -> CharacterClass.Item {
    let start = position
    if take("[:") {
      let isNegated = take("^")
      for name in CharacterClass.Name.allCases where take(name.rawValue + ":]") {
        return .named(name, isNegated: isNegated)
      }
      throw fault(
        "A class of characters has no such name", at: start,
        hint: "There are [:alpha:], [:digit:], [:alnum:], [:space:], [:punct:] and the like")
    }
    for operation in ["&&", "--", "~~", "["] where scalars[position...].starts(with: operation.unicodeScalars)
    {
      throw fault(
        "`\(operation)` within [...] is not taken", at: start,
        hint: "Put a backslash before characters that stand for themselves")
    }
    position += 1
    return scalar == "\\" ? try escapedCharacters(from: start) : .single(scalar.value)
  }
}

extension CharacterClass.Item {
  fileprivate static func single(_ value: UInt32) -> Self { .range(value...value) }
}
