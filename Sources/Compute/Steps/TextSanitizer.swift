@_spi(_Unicode) internal import Swift
internal import Model

/// One cleaning operation on a text in UTF-8.
struct TextSanitizer {
  enum Kind {
    case trim, collapseSpaces, stripControl, lower, upper, nfc, nullIfEmpty, truncate, mask, redact
  }

  let kind: Kind
  /// The characters that `truncate` and `mask` keep.
  let kept: Int
  private let redaction: Redaction?

  /// - Throws: `Fault` `bad_pattern` for a regular expression that cannot be read.
  init(_ operation: Step.SanitizeOperation, place: Place) throws(Fault) {
    var kept = 0
    var redaction: Redaction?
    switch operation {
    case .trim: kind = .trim
    case .collapseSpaces: kind = .collapseSpaces
    case .stripControl: kind = .stripControl
    case .lower: kind = .lower
    case .upper: kind = .upper
    case .nfc: kind = .nfc
    case .nullIfEmpty: kind = .nullIfEmpty
    case .truncate(let length):
      kind = .truncate
      kept = length
    case .mask(let keep):
      kind = .mask
      kept = keep
    case .redact(let pattern):
      kind = .redact
      redaction = try Redaction(pattern, place: place)
    }
    self.kept = kept
    self.redaction = redaction
  }

  /// Whether it may write other bytes; else it only cuts.
  var rewrites: Bool {
    switch kind {
    case .trim, .truncate, .nullIfEmpty: false
    case .collapseSpaces, .stripControl, .lower, .upper, .nfc, .mask, .redact: true
    }
  }

  /// Adds the rewritten text behind the bytes in `out`, for operations that do not only cut.
  func rewrite(_ bytes: UnsafeBufferPointer<UInt8>, to out: Column) {
    switch kind {
    case .collapseSpaces: Self.collapse(bytes, to: out)
    case .stripControl: Self.filter(bytes, to: out) { !Self.isControl($0) }
    case .lower: out.addLower(bytes)
    case .upper: out.addUpper(bytes)
    case .nfc: Self.normalise(bytes, to: out)
    case .mask: Self.mask(bytes, keep: kept, to: out)
    case .redact: redaction?.apply(bytes, to: out)
    case .trim, .truncate, .nullIfEmpty: out.addBytes(bytes)
    }
  }

  /// Unicode's White_Space.
  private static func isSpace(_ value: UInt32) -> Bool {
    switch value {
    case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  /// Unicode's category Cc.
  private static func isControl(_ value: UInt32) -> Bool { value < 0x20 || (0x7F...0x9F).contains(value) }

  /// The text without white space at its ends.
  @inline(__always)
  static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    // Mostly both ends are visible ASCII.
    let isPlain = !bytes.isEmpty && bytes[0] &- 0x21 < 0x5E && bytes[bytes.count - 1] &- 0x21 < 0x5E
    return isPlain ? bytes : cutAtEnds(bytes)
  }

  private static func cutAtEnds(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    var (start, end) = (0, bytes.count)
    while start < end {
      let (value, next) = UTF8Text.scalar(bytes, start)
      guard isSpace(value) else { break }
      start = next
    }
    while end > start {
      var last = end - 1
      while last > start && UTF8Text.isContinuation(bytes[last]) { last -= 1 }
      guard isSpace(UTF8Text.scalar(bytes, last).value) else { break }
      end = last
    }
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }

  /// Every run of white space becomes one blank.
  private static func collapse(_ bytes: UnsafeBufferPointer<UInt8>, to out: Column) {
    var position = 0
    var isInSpace = false
    while position < bytes.count {
      let (value, next) = UTF8Text.scalar(bytes, position)
      let isSpace = isSpace(value)
      if !isSpace {
        out.addScalar(value)
      } else if !isInSpace {
        out.addByte(UInt8(ascii: " "))
      }
      isInSpace = isSpace
      position = next
    }
  }

  @inline(__always)
  private static func filter(
    _ bytes: UnsafeBufferPointer<UInt8>, to out: Column, _ keeps: (UInt32) -> Bool
  ) {
    var position = 0
    while position < bytes.count {
      let (value, next) = UTF8Text.scalar(bytes, position)
      if keeps(value) { out.addScalar(value) }
      position = next
    }
  }

  /// Every letter and digit but the last `keep` becomes `*`.
  private static func mask(_ bytes: UnsafeBufferPointer<UInt8>, keep: Int, to out: Column) {
    var total = 0
    var position = 0
    while position < bytes.count {
      let (value, next) = UTF8Text.scalar(bytes, position)
      total += LetterCase.isWord(value) ? 1 : 0
      position = next
    }
    var masked = max(total - keep, 0)
    position = 0
    while position < bytes.count {
      let (value, next) = UTF8Text.scalar(bytes, position)
      if masked > 0 && LetterCase.isWord(value) {
        out.addByte(UInt8(ascii: "*"))
        masked -= 1
      } else {
        out.addScalar(value)
      }
      position = next
    }
  }

  /// Normalization form C, by the tables that the standard library compares strings with. It has no public
  /// name for them yet.
  private static func normalise(_ bytes: UnsafeBufferPointer<UInt8>, to out: Column) {
    if UTF8Text.isASCII(bytes) { return out.addBytes(bytes) }
    for scalar in String(decoding: bytes, as: UTF8.self)._nfc { out.addScalar(scalar.value) }
  }
}
