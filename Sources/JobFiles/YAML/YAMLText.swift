internal import Model

/// The bytes of a YAML file as checked text, with its lines: what turns libyaml's marks into slices.
struct YAMLText {
  let bytes: [UInt8]
  let file: String
  /// Offset of each line's first byte.
  private let lineStarts: [Int]
  private var last = (mark: YAMLEvents.Mark(line: 0, column: 0), offset: 0)

  /// Takes a byte order mark off.
  /// - Throws: `Fault` for bytes that are no UTF-8, NUL and other control characters, the line separators (U+0085,
  ///   U+2028, U+2029) that editors do not show as such, and white space of other kinds where lines are indented.
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
        throw Fault(
          "yaml_not_utf8", .validation, "The file is not UTF-8",
          place: Place(file: file, line: number + 1, column: Self.scalars(before: line) + 1),
          hint: "Save it as UTF-8")
      }
      for (column, scalar) in text.unicodeScalars.enumerated() where Self.isRefused(scalar) {
        throw Fault(
          "yaml_bytes", .validation,
          "The file holds the character U+\(Self.hexadecimal(scalar)), which cannot be seen",
          place: Place(file: file, line: number + 1, column: column + 1),
          hint: "Write it as an escape in double quotes: \"\\u\(Self.hexadecimal(scalar))\"")
      }
      let margin = text.unicodeScalars.prefix { $0.properties.isWhitespace || $0 == "\u{200B}" }
      for (column, scalar) in margin.enumerated() where !scalar.isASCII {
        throw Fault(
          "yaml_bytes", .validation,
          "The line is indented by the character U+\(Self.hexadecimal(scalar)), which is no space to YAML",
          place: Place(file: file, line: number + 1, column: column + 1), hint: "Indent with plain spaces")
      }
    }
  }

  /// How many scalars stand in front of the first byte that is no UTF-8.
  private static func scalars(before line: ArraySlice<UInt8>) -> Int {
    var decoder = UTF8()
    var bytes = line.makeIterator()
    var count = 0
    while case .scalarValue = decoder.decode(&bytes) { count += 1 }
    return count
  }

  /// Whether a scalar may only stand in a file as an escape.
  static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: false
    case 0..<0x20, 0x7F, 0x80...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: false
    }
  }

  /// Four digits at the least.
  static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  func place(_ mark: YAMLEvents.Mark) -> Place {
    Place(file: file, line: mark.line + 1, column: mark.column + 1)
  }

  /// What stands between two marks, as scalars with their places.
  mutating func scalars(from start: YAMLEvents.Mark, to end: YAMLEvents.Mark) -> [PlacedScalar] {
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

  /// Goes on from the last mark asked for, so that one long line of many values costs one walk.
  private mutating func offset(_ mark: YAMLEvents.Mark) -> Int {
    guard mark.line < lineStarts.count else { return bytes.count }
    if mark.line != last.mark.line || mark.column < last.mark.column {
      last = (YAMLEvents.Mark(line: mark.line, column: 0), lineStarts[mark.line])
    }
    while last.mark.column < mark.column, last.offset < bytes.count {
      last.offset += 1
      while last.offset < bytes.count, bytes[last.offset] & 0xC0 == 0x80 { last.offset += 1 }
      last.mark.column += 1
    }
    return last.offset
  }
}
