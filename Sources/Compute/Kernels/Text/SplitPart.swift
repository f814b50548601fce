internal import Expressions
internal import Model

/// `split_part(text, separator, n)`: the n-th piece, counted from the end where `n` is negative.
struct SplitPart: Kernel {
  let operand: Register
  let separator: Register
  let number: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, separator, number, out) = (frame[operand], frame[separator], frame[number], frame[output])
    out.takeNulls(of: from, separator)
    out.addNulls(of: number)
    let numbers = number.integers
    out.mapBytes(rows, frame) { row throws(RowFault) in
      guard numbers[row] != 0 else { throw .invalidParameter("field position must not be zero") }
      out.addBytes(Self.piece(from.bytes(row), separator.bytes(row), Int(numbers[row])))
    }
  }

  private static func piece(
    _ bytes: UnsafeBufferPointer<UInt8>, _ separator: UnsafeBufferPointer<UInt8>, _ number: Int
  ) -> UnsafeBufferPointer<UInt8> {
    let empty = UnsafeBufferPointer(rebasing: bytes[..<0])
    guard !separator.isEmpty else { return abs(number) == 1 ? bytes : empty }
    var wanted = number
    if number < 0 {
      var pieces = 1
      var position = 0
      while let found = UTF8Text.find(separator, in: bytes, from: position) {
        pieces += 1
        position = found + separator.count
      }
      wanted = pieces + number + 1
      guard wanted > 0 else { return empty }
    }
    var start = 0
    for _ in 1..<wanted {
      guard let found = UTF8Text.find(separator, in: bytes, from: start) else { return empty }
      start = found + separator.count
    }
    let end = UTF8Text.find(separator, in: bytes, from: start) ?? bytes.count
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }
}
