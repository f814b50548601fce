internal import Expressions
internal import Model

/// `[NOT] LIKE` and `[NOT] ILIKE`, with a backslash as the escape character.
struct Like: Kernel {
  let isNegated: Bool
  let ignoresCase: Bool
  let operand: Register
  let pattern: Register
  /// What a constant pattern comes down to, where that is simpler than matching.
  let shape: LikePattern.Shape?
  let output: Register
  /// Holds lower-case forms while ILIKE compares them.
  let scratch: Column

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, pattern, out) = (frame[operand], frame[pattern], frame[output])
    out.takeNulls(of: from, pattern)
    let (found, notFound): (Int64, Int64) = isNegated ? (0, 1) : (1, 0)
    if let shape, !ignoresCase {
      let to = out.integers
      shape.text.withUnsafeBufferPointer { text in
        rows.forEach { to[$0] = shape.kind.matches(from.bytes($0), text) ? found : notFound }
      }
      return
    }
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let isMatch =
        ignoresCase
        ? try matchesIgnoringCase(from.bytes(row), pattern.bytes(row))
        : try LikePattern.matches(from.bytes(row), pattern.bytes(row))
      return isMatch ? found : notFound
    }
  }

  /// Compares the lower-case forms, as Postgres does in a multi-byte encoding.
  private func matchesIgnoringCase(
    _ text: UnsafeBufferPointer<UInt8>, _ pattern: UnsafeBufferPointer<UInt8>
  ) throws(RowFault) -> Bool {
    scratch.clear()
    scratch.addLower(text)
    let border = scratch.dataCount
    scratch.addLower(pattern)
    let start = UnsafePointer(scratch.data)
    return try LikePattern.matches(
      UnsafeBufferPointer(start: start, count: border),
      UnsafeBufferPointer(start: start + border, count: scratch.dataCount - border))
  }
}

/// Matching of LIKE patterns: `%` is any text, `_` any character, `\` takes the next one as it is.
enum LikePattern {
  /// A pattern that needs no walking: fixed text, perhaps with `%` around it.
  struct Shape {
    enum Kind {
      case whole, prefix, suffix, contains

      @inline(__always)
      func matches(_ bytes: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch self {
        case .whole: bytes.count == text.count && Comparing.order(bytes, text) == 0
        case .prefix:
          bytes.count >= text.count
            && Comparing.order(UnsafeBufferPointer(rebasing: bytes[..<text.count]), text) == 0
        case .suffix:
          bytes.count >= text.count
            && Comparing.order(UnsafeBufferPointer(rebasing: bytes[(bytes.count - text.count)...]), text) == 0
        case .contains: UTF8Text.find(text, in: bytes, from: 0) != nil
        }
      }
    }

    let kind: Kind
    let text: [UInt8]

    init?(_ pattern: String) {
      var bytes = Array(pattern.utf8)[...]
      let isOpenAtStart = bytes.first == percent
      if isOpenAtStart { bytes = bytes.dropFirst() }
      let isOpenAtEnd = bytes.last == percent
      if isOpenAtEnd { bytes = bytes.dropLast() }
      guard !bytes.contains(where: { $0 == percent || $0 == underscore || $0 == backslash }) else {
        return nil
      }
      text = Array(bytes)
      switch (isOpenAtStart, isOpenAtEnd) {
      case (false, false): kind = .whole
      case (false, true): kind = .prefix
      case (true, false): kind = .suffix
      case (true, true): kind = .contains
      }
    }
  }

  private static let percent = UInt8(ascii: "%")
  private static let underscore = UInt8(ascii: "_")
  private static let backslash = UInt8(ascii: "\\")
  private static let endsInEscape = RowFault(
    sqlState: "22025", sentence: "LIKE pattern must not end with escape character")

  /// Walks both texts once, going back only to the last `%`: it can take in everything an earlier one could.
  static func matches(
    _ text: UnsafeBufferPointer<UInt8>, _ pattern: UnsafeBufferPointer<UInt8>
  ) throws(RowFault) -> Bool {
    var (at, of) = (0, 0)
    var retry: (at: Int, of: Int)?
    while at < text.count {
      if of < pattern.count {
        var expected = pattern[of]
        if expected == percent {
          of += 1
          if of == pattern.count { return true }
          retry = (at, of)
          continue
        }
        if expected == underscore {
          at = UTF8Text.next(text, at)
          of += 1
          continue
        }
        var width = 1
        if expected == backslash {
          guard of + 1 < pattern.count else { throw endsInEscape }
          expected = pattern[of + 1]
          width = 2
        }
        if text[at] == expected {
          at += 1
          of += width
          continue
        }
      }
      guard let last = retry else { return false }
      let next = UTF8Text.next(text, last.at)
      retry = (next, last.of)
      (at, of) = (next, last.of)
    }
    while of < pattern.count && pattern[of] == percent { of += 1 }
    return of == pattern.count
  }
}

extension Compiler {
  mutating func like(
    _ operands: [TypedExpression], ignoresCase: Bool, negated: Bool
  ) throws(Fault) -> Register {
    var shape: LikePattern.Shape?
    if case .text(let pattern)? = try constantValue(operands[1]) { shape = LikePattern.Shape(pattern) }
    let (operand, pattern) = (try compile(operands[0]), try compile(operands[1]))
    let output = output(.boolean)
    emit(
      Like(
        isNegated: negated, ignoresCase: ignoresCase, operand: operand, pattern: pattern, shape: shape,
        output: output, scratch: Column(.text)))
    release(operand, pattern)
    return output
  }
}
