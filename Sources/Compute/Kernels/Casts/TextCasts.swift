internal import Model

struct TextToBoolean: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      try TextParsing.boolean(from.bytes(row)) ? 1 : 0
    }
  }
}

struct TextToInteger: UnaryKernel {
  let range: IntegerRange
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      try TextParsing.integer(from.bytes(row), range)
    }
  }
}

struct TextToNumeric: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapNumerics(rows, frame) { row throws(RowFault) in try TextParsing.numeric(from.bytes(row)) }
  }
}

struct TextToFloat: UnaryKernel {
  let isReal: Bool
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapDoubles(rows, frame) { row throws(RowFault) in
      let text = TextParsing.text(from.bytes(row))
      return isReal
        ? Double(try PostgresFloat.float(parsing: text)) : try PostgresFloat.double(parsing: text)
    }
  }
}

struct TextToUUID: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = out.uuids
    out.map(rows, frame) { row throws(RowFault) in lanes[row] = try TextParsing.uuid(from.bytes(row)) }
  }
}

/// The text without its trailing blanks: `char(n)` as text.
struct BlankStripping: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapBytes(rows, frame) { row throws(RowFault) in
      out.addBytes(Comparing.withoutTrailingBlanks(from.bytes(row)))
    }
  }
}

/// The text as an explicit cast to a type of limited length leaves it.
struct TextFitting: UnaryKernel {
  enum Rule {
    /// To at most so many characters.
    case cut(Int)
    /// As it is, where only blanks stand behind so many characters; else 22001, of the type.
    case fit(Int, SQLType)
    /// To exactly so many characters.
    case pad(Int)
    /// To at most 63 bytes, at a character's border.
    case name
  }

  let rule: Rule
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapBytes(rows, frame) { row throws(RowFault) in
      let bytes = from.bytes(row)
      switch rule {
      case .cut(let length):
        out.addBytes(UTF8Text.prefix(bytes, length).bytes)
      case .fit(let length, let type):
        let kept = UTF8Text.prefix(bytes, length).bytes.count
        guard bytes[kept...].allSatisfy({ $0 == UInt8(ascii: " ") }) else {
          throw RowFault(sqlState: "22001", sentence: "value too long for type \(type.sqlName)")
        }
        out.addBytes(bytes)
      case .pad(let length):
        let (kept, count) = UTF8Text.prefix(bytes, length)
        out.addBytes(kept)
        out.addBytes(repeating: UInt8(ascii: " "), count: length - count)
      case .name:
        var end = min(bytes.count, 63)
        while end < bytes.count && end > 0 && UTF8Text.isContinuation(bytes[end]) { end -= 1 }
        out.addBytes(UnsafeBufferPointer(rebasing: bytes[..<end]))
      }
    }
  }
}
