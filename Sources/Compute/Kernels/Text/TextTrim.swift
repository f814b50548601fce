internal import Expressions
internal import Model

/// `ltrim rtrim btrim`: takes characters of a set off the ends.
struct TextTrim: Kernel {
  let atStart: Bool
  let atEnd: Bool
  let operand: Register
  let characters: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, characters, out) = (frame[operand], frame[characters], frame[output])
    out.takeNulls(of: from, characters)
    out.mapBytes(rows, frame) { row throws(RowFault) in
      out.addBytes(trimmed(from.bytes(row), characters.bytes(row)))
    }
  }

  private func trimmed(
    _ bytes: UnsafeBufferPointer<UInt8>, _ set: UnsafeBufferPointer<UInt8>
  ) -> UnsafeBufferPointer<UInt8> {
    var (start, end) = (0, bytes.count)
    if set.count == 1 {
      let character = set[0]
      if atStart { while start < end && bytes[start] == character { start += 1 } }
      if atEnd { while end > start && bytes[end - 1] == character { end -= 1 } }
      return UnsafeBufferPointer(rebasing: bytes[start..<end])
    }
    if atStart {
      while start < end {
        let next = UTF8Text.next(bytes, start)
        guard Self.contains(set, bytes[start..<next]) else { break }
        start = next
      }
    }
    if atEnd {
      while end > start {
        var last = end - 1
        while last > start && UTF8Text.isContinuation(bytes[last]) { last -= 1 }
        guard Self.contains(set, bytes[last..<end]) else { break }
        end = last
      }
    }
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }

  private static func contains(
    _ set: UnsafeBufferPointer<UInt8>, _ character: Slice<UnsafeBufferPointer<UInt8>>
  ) -> Bool {
    var position = 0
    while position < set.count {
      let next = UTF8Text.next(set, position)
      if set[position..<next].elementsEqual(character) { return true }
      position = next
    }
    return false
  }
}
