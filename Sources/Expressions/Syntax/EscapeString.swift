internal import Model

/// Decodes the inside of `E'...'`, with Postgres's escapes.
enum EscapeString {
  /// - Throws: `Fault` `bad_sql_text` for an unknown scalar, a lone surrogate, NUL, or bytes that
  ///   are not UTF-8.
  static func decode(_ scanner: SQLScanner, _ range: Range<Int>) throws(Fault) -> String {
    let bytes = scanner.bytes
    var out: [UInt8] = []
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      if byte == UInt8(ascii: "'") {
        out.append(byte)
        index += 2
        continue
      }
      guard byte == UInt8(ascii: "\\"), index + 1 < range.upperBound else {
        out.append(byte)
        index += bytes[index..<range.upperBound].starts(with: "$${".utf8) ? 2 : 1
        continue
      }
      let escape = bytes[index + 1]
      let start = index
      index += 2
      switch escape {
      case UInt8(ascii: "b"): out.append(8)
      case UInt8(ascii: "f"): out.append(12)
      case UInt8(ascii: "n"): out.append(10)
      case UInt8(ascii: "r"): out.append(13)
      case UInt8(ascii: "t"): out.append(9)
      case UInt8(ascii: "v"): out.append(11)
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        index -= 1
        out.append(
          UInt8(truncatingIfNeeded: digits(bytes, &index, range.upperBound, most: 3, radix: 8).value))
      case UInt8(ascii: "x"):
        let (value, count) = digits(bytes, &index, range.upperBound, most: 2, radix: 16)
        out.append(count == 0 ? escape : UInt8(value))
      case UInt8(ascii: "u"), UInt8(ascii: "U"):
        let wanted = escape == UInt8(ascii: "u") ? 4 : 8
        let (value, count) = digits(bytes, &index, range.upperBound, most: wanted, radix: 16)
        guard count == wanted, let scalar = Unicode.Scalar(value), value != 0 else {
          throw scanner.fault(
            "bad_sql_text", "The escape does not name a Unicode character", at: start,
            hint: "Write `\\uXXXX` or `\\UXXXXXXXX`; no surrogates")
        }
        out.append(contentsOf: String(Character(scalar)).utf8)
      default: out.append(escape)
      }
    }
    guard !out.contains(0), let text = String(validating: out, as: UTF8.self) else {
      throw scanner.fault(
        "bad_sql_text", "The string's escapes do not make valid UTF-8 text", at: range.lowerBound)
    }
    return text
  }

  private static func digits(
    _ bytes: [UInt8], _ index: inout Int, _ end: Int, most: Int, radix: UInt32
  ) -> (value: UInt32, count: Int) {
    var value: UInt32 = 0
    var count = 0
    while count < most, index < end,
      let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, digit < radix
    {
      value = value &* radix &+ UInt32(digit)
      index += 1
      count += 1
    }
    return (value, count)
  }
}
