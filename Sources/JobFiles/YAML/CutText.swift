internal import Model

/// Finds an unquoted text that a comma inside `{ }` or `[ ]` has cut: `half: trunc(x, 1)` is `trunc(x` to YAML, and
/// then `1)`.
///
/// It is told by a parenthesis that is open where the text ends.
struct CutText {
  private var node: YAMLNode
  private let start: YAMLEvents.Mark
  private var end: YAMLEvents.Mark

  /// - Returns: `nil` where nothing is cut off.
  init?(_ node: YAMLNode, _ position: YAMLEvents.Positioned) {
    guard let scalar = node.scalar, scalar.isPlain, !CutText.isWhole(scalar.text) else { return nil }
    self.node = node
    start = position.start
    end = position.end
  }

  /// The text with its next piece, where `piece` is one: on the same line, and apart by a comma.
  mutating func joined(
    _ piece: YAMLNode, _ position: YAMLEvents.Positioned, _ text: inout YAMLText
  ) -> YAMLNode? {
    guard case .scalar(let scalar) = piece.content, scalar.isPlain, position.end.line == start.line,
      let known = node.scalar, !CutText.isWhole(known.text),
      text.scalars(from: end, to: position.start).contains(where: { $0.scalar == "," })
    else { return nil }
    var whole = String.UnicodeScalarView()
    for placed in text.scalars(from: start, to: position.end) { whole.append(placed.scalar) }
    end = position.end
    let source = SourceText(
      text: String(whole), file: node.place.file,
      anchors: [.init(offset: 0, line: node.place.line, column: node.place.column)])
    node.content = .scalar(YAMLScalar(source: source, isPlain: true))
    return node
  }

  /// Whether every parenthesis outside quotes is closed.
  static func isWhole(_ text: String) -> Bool {
    var depth = 0
    var isQuoted = false
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "'"): isQuoted.toggle()
      case UInt8(ascii: "(") where !isQuoted: depth += 1
      case UInt8(ascii: ")") where !isQuoted: depth -= 1
      default: continue
      }
    }
    return depth <= 0
  }
}
