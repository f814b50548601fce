internal import Model

/// A text of a YAML file, with what the core schema of YAML 1.2 makes of it.
///
/// Only plain (unquoted) texts can be null, true, false or numbers. `no` and `06:00` are texts, `010` is ten,
/// `0o17` fifteen. Numbers may have underscores between digits, which the core schema has not.
struct YAMLScalar: Hashable, Sendable {
  var source: SourceText
  var isPlain: Bool

  var text: String { source.text }

  var isNull: Bool {
    isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
  }

  var boolean: Bool? {
    guard isPlain else { return nil }
    return switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  var isNumber: Bool {
    integer != nil || (isPlain && isDecimalNumber)
  }

  /// A whole number; nil for other texts, and for numbers beyond 64 bits.
  var integer: Int? {
    guard isPlain else { return nil }
    var digits = text[...]
    var radix = 10
    if digits.hasPrefix("0x") {
      radix = 16
    } else if digits.hasPrefix("0o") {
      radix = 8
    }
    if radix != 10 {
      digits = digits.dropFirst(2)
      guard digits.first != "-", digits.first != "+" else { return nil }
    }
    guard let first = digits.first(where: { $0 != "-" && $0 != "+" }), first != "_",
      digits.last != "_", !digits.contains("__")
    else { return nil }
    return Int(digits.filter { $0 != "_" }, radix: radix)
  }

  private var isDecimalNumber: Bool {
    guard let first = text.utf8.first, text.utf8.count <= 400 else { return false }
    let isDigitOrSign = "+-.0123456789".utf8.contains(first)
    return isDigitOrSign && Double(text) != nil && text.utf8.allSatisfy("+-.0123456789eE".utf8.contains)
  }

  var kindName: String {
    if isNull { return "empty" }
    if boolean != nil { return "`\(text)`" }
    return isNumber ? "a number" : "a text"
  }
}
