internal import Expressions
internal import Model

/// `lpad(text, length, fill)` and `rpad`.
struct TextPad: Kernel {
  enum Operator { case left, right }

  let operation: Operator
  let operand: Register
  let length: Register
  let fill: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, length, fill, out) = (frame[operand], frame[length], frame[fill], frame[output])
    out.takeNulls(of: from, length)
    out.addNulls(of: fill)
    let lengths = length.integers
    out.mapBytes(rows, frame) { row throws(RowFault) in
      var wanted = Int(max(lengths[row], 0))
      // Nothing to pad with: the text is only cut.
      if fill.bytes(row).isEmpty { wanted = min(wanted, from.bytes(row).count) }
      // Postgres reckons with four bytes per character.
      guard wanted <= (CopyDecoder.maximumFieldLength - 4) / 4 else { throw .tooLong }
      let (kept, count) = UTF8Text.prefix(from.bytes(row), wanted)
      if operation == .right { out.addBytes(kept) }
      Self.pad(fill.bytes(row), wanted - count, out)
      if operation == .left { out.addBytes(kept) }
    }
  }

  private static func pad(_ fill: UnsafeBufferPointer<UInt8>, _ missing: Int, _ out: Column) {
    guard missing > 0, !fill.isEmpty else { return }
    if fill.count == 1 { return out.addBytes(repeating: fill[0], count: missing) }
    var left = missing
    while left > 0 {
      let (bytes, count) = UTF8Text.prefix(fill, left)
      out.addBytes(bytes)
      left -= count
    }
  }
}

/// `repeat(text, count)`.
struct TextRepeat: Kernel {
  let operand: Register
  let count: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, count, out) = (frame[operand], frame[count], frame[output])
    out.takeNulls(of: from, count)
    let counts = count.integers
    out.mapBytes(rows, frame) { row throws(RowFault) in
      let bytes = from.bytes(row)
      let times = Int(max(counts[row], 0))
      guard times * bytes.count <= CopyDecoder.maximumFieldLength - 4 else { throw .tooLong }
      guard !bytes.isEmpty else { return }
      for _ in 0..<times { out.addBytes(bytes) }
    }
  }
}
