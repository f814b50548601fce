internal import Expressions
internal import Model

/// `left(text, n)`, `right(text, n)` and `substring(text, start[, count])`, by characters.
struct TextSlice: Kernel {
  enum Operator { case left, right, substring }

  let operation: Operator
  let operand: Register
  let first: Register
  let count: Register?
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, first, out) = (frame[operand], frame[first], frame[output])
    out.takeNulls(of: from, first)
    let count = count.map { frame[$0] }
    if let count { out.addNulls(of: count) }
    let numbers = first.integers
    out.mapBytes(rows, frame) { row throws(RowFault) in
      let bytes = from.bytes(row)
      switch operation {
      case .left: out.addBytes(Self.left(bytes, Int(numbers[row])))
      case .right: out.addBytes(Self.right(bytes, Int(numbers[row])))
      case .substring:
        out.addBytes(
          try Self.substring(bytes, from: Int(numbers[row]), count: count.map { Int($0.integers[row]) }))
      }
    }
  }

  /// The first `count` characters; all but the last `-count` where it is negative.
  private static func left(_ bytes: UnsafeBufferPointer<UInt8>, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    let wanted = count >= 0 ? count : max(UTF8Text.count(bytes) + count, 0)
    return UTF8Text.prefix(bytes, wanted).bytes
  }

  /// The last `count` characters; all but the first `-count` where it is negative.
  private static func right(_ bytes: UnsafeBufferPointer<UInt8>, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    let skipped = count < 0 ? -count : max(UTF8Text.count(bytes) - count, 0)
    return UnsafeBufferPointer(rebasing: bytes[UTF8Text.advance(bytes, from: 0, by: skipped).offset...])
  }

  /// Characters from position `start`, counted from 1; positions before the text are counted too.
  private static func substring(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, count: Int?
  ) throws(RowFault) -> UnsafeBufferPointer<UInt8> {
    var length = Int.max
    if let count {
      guard count >= 0 else {
        throw RowFault(sqlState: "22011", sentence: "negative substring length not allowed")
      }
      length = start < 1 ? max(0, start - 1 + count) : count
    }
    let from = UTF8Text.advance(bytes, from: 0, by: max(start, 1) - 1).offset
    let end = UTF8Text.advance(bytes, from: from, by: length).offset
    return UnsafeBufferPointer(rebasing: bytes[from..<end])
  }
}
