internal import Model

/// Finds where each part of a decoded YAML text stands in the file, by walking both side by side.
///
/// Indentation, folded lines and escapes are where both fall out of step; behind each of them a new anchor
/// is set. Where they cannot be brought into step again the walk ends, and later offsets count on from the
/// last anchor.
struct ScalarAlignment {
  private let raw: [YAMLText.PlacedScalar]
  private let text: [Unicode.Scalar]
  private let isBlock: Bool
  private var at = 0
  private var textAt = 0
  private var offset = 0
  private(set) var anchors: [SourceText.Anchor] = []

  /// - Parameter raw: the file's text of the scalar, with its quotes, header and properties.
  init(raw: [YAMLText.PlacedScalar], text: String, isPlain: Bool, isBlock: Bool) {
    self.raw = raw
    self.text = Array(text.unicodeScalars)
    self.isBlock = isBlock
    skipProperties()
    if isBlock {
      skipHeader()
    } else if !isPlain {
      at += 1
    }
    let isDoubleQuoted = !isPlain && !isBlock && at > 0 && at <= raw.count && raw[at - 1].scalar == "\""
    let isSingleQuoted = !isPlain && !isBlock && !isDoubleQuoted
    anchor()
    while at < raw.count, textAt < self.text.count {
      let scalar = raw[at].scalar
      if isDoubleQuoted, scalar == "\\" {
        skipEscape()
      } else if Self.isSpace(scalar) {
        skipSpace()
      } else if scalar == self.text[textAt] {
        step()
        if isSingleQuoted, scalar == "'" {
          at += 1
          anchor()
        }
      } else {
        break
      }
    }
  }

  /// `&anchor` and `!tag` in front of the text.
  private mutating func skipProperties() {
    while at < raw.count, raw[at].scalar == "&" || raw[at].scalar == "!" {
      while at < raw.count, !Self.isSpace(raw[at].scalar) { at += 1 }
      while at < raw.count, Self.isSpace(raw[at].scalar) { at += 1 }
    }
  }

  /// `|`, `>-` and the like with their remark, and the first line's indentation.
  private mutating func skipHeader() {
    while at < raw.count, raw[at].scalar != "\n" { at += 1 }
    while at < raw.count, Self.isSpace(raw[at].scalar) { at += 1 }
    while textAt < text.count, Self.isSpace(text[textAt]) { pass() }
  }

  private mutating func anchor() {
    guard at < raw.count else { return }
    let here = SourceText.Anchor(offset: offset, line: raw[at].line, column: raw[at].column)
    if anchors.last?.offset == offset { anchors.removeLast() }
    if anchors.isEmpty, offset > 0 {
      // A block text with spaces of its own in front.
      anchors.append(.init(offset: 0, line: here.line, column: max(1, here.column - offset)))
    }
    anchors.append(here)
  }

  private mutating func step() {
    at += 1
    pass()
  }

  private mutating func pass() {
    offset += UTF8.width(text[textAt])
    textAt += 1
  }

  private mutating func skipSpace() {
    let start = at
    while at < raw.count, Self.isSpace(raw[at].scalar) { at += 1 }
    let breaks = raw[start..<at].count { $0.scalar == "\n" }
    if breaks == 0, !isBlock {
      for _ in start..<at where textAt < text.count { pass() }
      return
    }
    if isBlock {
      while textAt < text.count, Self.isSpace(text[textAt]) { pass() }
    } else {
      for _ in 0..<max(1, breaks - 1) where textAt < text.count { pass() }
    }
    anchor()
  }

  /// One escape of a double-quoted text.
  private mutating func skipEscape() {
    guard at + 1 < raw.count else { return at = raw.count }
    let kind = raw[at + 1].scalar
    at += 2
    switch kind {
    case "x": at += 2
    case "u": at += 4
    case "U": at += 8
    case "\n", "\r":
      while at < raw.count, Self.isSpace(raw[at].scalar) { at += 1 }
      return anchor()
    default: break
    }
    pass()
    anchor()
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
  }
}
