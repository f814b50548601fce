internal import Model

/// The bytes of a YAML file as checked text, with its lines: what turns libyaml's marks into slices.
struct YAMLText {
  let bytes: [UInt8]
  let file: String
  /// Offset of each line's first byte.
  private let lineStarts: [Int]

  /// Takes a byte order mark off.
  /// - Throws: `Fault` for bytes that are no UTF-8, NUL and other control characters, and the line separators
  ///   (U+0085, U+2028, U+2029) that editors do not show as such.
  init(_ given: [UInt8], file: String) throws(Fault) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    bytes = given.starts(with: mark) ? Array(given.dropFirst(3)) : given
    self.file = file
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(index + 1) }
    lineStarts = starts
    try check()
  }

  private func check() throws(Fault) {
    for (number, start) in lineStarts.enumerated() {
      let end = number + 1 < lineStarts.count ? lineStarts[number + 1] : bytes.count
      let line = bytes[start..<end]
      guard let text = String(validating: line, as: UTF8.self) else {
        var good = 0
        while String(validating: line.prefix(good + 1), as: UTF8.self) != nil
          || String(validating: line.prefix(good + 2), as: UTF8.self) != nil
          || String(validating: line.prefix(good + 3), as: UTF8.self) != nil
          || String(validating: line.prefix(good + 4), as: UTF8.self) != nil
        {
          good += 1
          if good >= line.count { break }
        }
        let column = String(decoding: line.prefix(good), as: UTF8.self).unicodeScalars.count + 1
        throw Fault(
          "yaml_not_utf8", .validation, "The file is not UTF-8",
          place: Place(file: file, line: number + 1, column: column), hint: "Save it as UTF-8")
      }
      for (column, scalar) in text.unicodeScalars.enumerated() where Self.isRefused(scalar) {
        throw Fault(
          "yaml_bytes", .validation,
          "The file holds the character U+\(Self.hexadecimal(scalar)), which cannot be seen",
          place: Place(file: file, line: number + 1, column: column + 1),
          hint: "Write it as an escape in double quotes: \"\\u\(Self.hexadecimal(scalar))\"")
      }
    }
  }

  private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: false
    case 0..<0x20, 0x7F, 0x80...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: false
    }
  }

  private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  func place(_ mark: YAMLEvents.Mark) -> Place {
    Place(file: file, line: mark.line + 1, column: mark.column + 1)
  }

  /// What stands between two marks, as scalars with their places.
  func scalars(from start: YAMLEvents.Mark, to end: YAMLEvents.Mark) -> [PlacedScalar] {
    let lower = offset(start)
    let upper = max(lower, offset(end))
    var (line, column) = (start.line + 1, start.column + 1)
    return String(decoding: bytes[lower..<upper], as: UTF8.self).unicodeScalars.map { scalar in
      defer {
        if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
      }
      return PlacedScalar(scalar: scalar, line: line, column: column)
    }
  }

  struct PlacedScalar {
    var scalar: Unicode.Scalar
    var line: Int
    var column: Int
  }

  private func offset(_ mark: YAMLEvents.Mark) -> Int {
    guard mark.line < lineStarts.count else { return bytes.count }
    var offset = lineStarts[mark.line]
    var left = mark.column
    while left > 0, offset < bytes.count {
      offset += 1
      while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      left -= 1
    }
    return offset
  }
}
