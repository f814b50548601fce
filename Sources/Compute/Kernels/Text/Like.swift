internal import Expressions
internal import Glibc
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
      shape.withParts { parts in rows.forEach { to[$0] = parts.match(from.bytes($0)) ? found : notFound } }
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
  /// A pattern of fixed texts with `%` between them, and perhaps around them: found part by part.
  struct Shape {
    /// All fixed texts, one after the other, and where each ends.
    private let bytes: [UInt8]
    private let ends: [Int]
    private let isOpenAtStart: Bool
    private let isOpenAtEnd: Bool

    init?(_ pattern: String) {
      let all = Array(pattern.utf8)
      guard !all.contains(where: { $0 == underscore || $0 == backslash }) else { return nil }
      isOpenAtStart = all.first == percent
      isOpenAtEnd = all.last == percent
      let parts = all.split(separator: percent)
      bytes = Array(parts.joined())
      var end = 0
      ends = parts.map { part in
        end += part.count
        return end
      }
    }

    /// The parts in memory that stays where it is.
    struct Parts {
      fileprivate let bytes: UnsafeBufferPointer<UInt8>
      fileprivate let ends: UnsafeBufferPointer<Int>
      fileprivate let isOpenAtStart: Bool
      fileprivate let isOpenAtEnd: Bool

      /// The first of several texts can be taken where it stands first, the last one where it stands last.
      @inline(__always)
      func match(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= bytes.count else { return false }
        if ends.count == 0 { return isOpenAtStart || text.isEmpty }
        var (start, end) = (0, text.count)
        var (first, last) = (0, ends.count)
        if !isOpenAtStart {
          guard Self.equal(text, 0, bytes, 0, ends[0]) else { return false }
          start = ends[0]
          first = 1
          if last == 1 { return isOpenAtEnd || start == end }
        }
        if !isOpenAtEnd {
          last -= 1
          let length = ends[last] - (last == 0 ? 0 : ends[last - 1])
          end -= length
          guard end >= start, Self.equal(text, end, bytes, ends[last] - length, length) else { return false }
        }
        for number in first..<last {
          let part = UnsafeBufferPointer(rebasing: bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]])
          let rest = UnsafeBufferPointer(rebasing: text[..<end])
          guard let found = UTF8Text.find(part, in: rest, from: start) else { return false }
          start = found + part.count
        }
        return true
      }

      @inline(__always)
      private static func equal(
        _ left: UnsafeBufferPointer<UInt8>, _ leftStart: Int, _ right: UnsafeBufferPointer<UInt8>,
        _ rightStart: Int, _ count: Int
      ) -> Bool {
        guard let a = left.baseAddress, let b = right.baseAddress else { return count == 0 }
        return memcmp(a + leftStart, b + rightStart, count) == 0
      }
    }

    func withParts(_ body: (Parts) -> Void) {
      bytes.withUnsafeBufferPointer { bytes in
        ends.withUnsafeBufferPointer { ends in
          body(Parts(bytes: bytes, ends: ends, isOpenAtStart: isOpenAtStart, isOpenAtEnd: isOpenAtEnd))
        }
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
          // As Postgres: what comes behind the wildcards is looked at even where the text is used up.
          while of < pattern.count, pattern[of] == percent || pattern[of] == underscore {
            if pattern[of] == underscore {
              if at == text.count { return false }
              at = UTF8Text.next(text, at)
            }
            of += 1
          }
          if of == pattern.count { return true }
          if pattern[of] == backslash, of + 1 == pattern.count { throw endsInEscape }
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
