internal import Expressions
internal import Model

/// Text from one text: `lower upper initcap reverse md5`.
struct TextMap: UnaryKernel {
  enum Operator { case lower, upper, initcap, reverse, md5 }

  let operation: Operator
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    switch operation {
    case .lower: out.mapBytes(rows, frame) { row throws(RowFault) in out.addLower(from.bytes(row)) }
    case .upper: out.mapBytes(rows, frame) { row throws(RowFault) in out.addUpper(from.bytes(row)) }
    case .initcap:
      out.mapBytes(rows, frame) { row throws(RowFault) in out.addInitialCapitals(from.bytes(row)) }
    case .reverse: out.mapBytes(rows, frame) { row throws(RowFault) in Self.reverse(from.bytes(row), out) }
    case .md5:
      out.mapBytes(rows, frame) { row throws(RowFault) in
        MD5.appendHexadecimal(of: from.bytes(row), to: out)
      }
    }
  }

  private static func reverse(_ bytes: UnsafeBufferPointer<UInt8>, _ out: Column) {
    var end = bytes.count
    while end > 0 {
      var start = end - 1
      while start > 0 && UTF8Text.isContinuation(bytes[start]) { start -= 1 }
      out.addBytes(UnsafeBufferPointer(rebasing: bytes[start..<end]))
      end = start
    }
  }
}

/// An integer from one text: `length octet_length ascii`.
struct TextMeasure: UnaryKernel {
  enum Operator {
    case length
    /// Of a `char(n)`: trailing blanks do not count.
    case lengthWithoutBlanks
    case octetLength, ascii
  }

  let operation: Operator
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let to = out.integers
    switch operation {
    case .length: rows.forEach { to[$0] = Int64(UTF8Text.count(from.bytes($0))) }
    case .lengthWithoutBlanks:
      rows.forEach { to[$0] = Int64(UTF8Text.count(Comparing.withoutTrailingBlanks(from.bytes($0)))) }
    case .octetLength: rows.forEach { to[$0] = Int64(from.slices[$0].length) }
    case .ascii:
      rows.forEach { row in
        let bytes = from.bytes(row)
        to[row] = bytes.isEmpty ? 0 : Int64(UTF8Text.scalar(bytes, 0).value)
      }
    }
  }
}
