internal import CYAML
internal import Model

/// Says in our words, with a hint, why libyaml refused a file.
struct YAMLSyntaxFault {
  let fault: Fault

  /// - Parameter quoted: the text in quotes that goes over several lines and stands just before.
  init(
    _ parser: yaml_parser_t, behind quoted: Range<YAMLEvents.Mark>?, bytes: UnsafeBufferPointer<UInt8>,
    file: String
  ) {
    let problem = parser.problem.map { String(cString: $0) } ?? "it cannot be read"
    let context = parser.context.map { String(cString: $0) } ?? ""
    func place(_ mark: yaml_mark_t) -> Place {
      Place(file: file, line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
    var spot = place(parser.problem_mark)
    if parser.error == YAML_READER_ERROR {
      spot = Self.place(ofByte: Int(clamping: parser.problem_offset), in: bytes, file: file)
    }
    // Most likely the quote was to be closed in its own line, and met the next one far below.
    if let quoted, spot.line == quoted.upperBound.line + 1 {
      fault = Fault(
        "yaml_syntax", .validation,
        "The quote that opens here is closed in line \(spot.line), and more stands behind it",
        place: Place(file: file, line: quoted.lowerBound.line + 1, column: quoted.lowerBound.column + 1),
        hint: "Close it where its text ends, in its own line")
      return
    }
    let line = Self.line(spot.line, in: bytes)
    let rest = String(String.UnicodeScalarView(line.unicodeScalars.dropFirst(spot.column - 1)))

    switch (problem, context) {
    case (_, "while scanning an alias"):
      let start = place(parser.context_mark)
      let value = String(String.UnicodeScalarView(line.unicodeScalars.dropFirst(start.column - 1)))
      fault = Fault(
        "yaml_unquoted_star", .validation,
        "A value that begins with `*` is an alias to YAML, and this is none",
        place: start, hint: "Quote it: \"\(Self.value(value))\"")
    case (_, "while scanning an anchor"):
      fault = Fault(
        "yaml_syntax", .validation, "A value that begins with `&` is an anchor to YAML, and this is none",
        place: place(parser.context_mark), hint: "Quote the value")
    case _ where rest.hasPrefix("\t") || problem.contains("tab character"):
      fault = Fault(
        "yaml_tab", .validation, "A tab stands where YAML takes only spaces", place: spot,
        hint: "Indent with spaces")
    case ("found character that cannot start any token", _):
      fault = Fault(
        "yaml_syntax", .validation, "A value cannot begin with `\(rest.prefix(1))`", place: spot,
        hint: "Quote the value")
    case ("mapping values are not allowed in this context", _):
      fault = Fault(
        "yaml_syntax", .validation, "A `:` stands where no key can be", place: spot,
        hint: "Quote a text that holds `: `, or look for a missing `:` or wrong indentation here and above")
    case (_, "while parsing a flow mapping"), (_, "while parsing a flow sequence"):
      let isReference = line.contains("${")
      let opened = place(parser.context_mark)
      let (open, close) = context.hasSuffix("mapping") ? ("{", "}") : ("[", "]")
      if !isReference, spot.line == opened.line, let found = rest.first {
        fault = Fault(
          "yaml_syntax", .validation, "Expected `,` or `\(close)` here, found `\(found)`", place: spot,
          hint: "Put a value that holds commas, quotes or brackets into quotes as a whole")
      } else {
        fault = Fault(
          "yaml_syntax", .validation, "A `\(open)` is not closed by `\(close)`",
          place: isReference ? Self.reference(in: line, place: spot) : opened,
          hint: isReference
            ? "Quote `${...}` inside `{ }` and `[ ]`"
            : "Close it where its last entry ends, and separate entries by commas")
      }
    case ("found unexpected end of stream", "while scanning a quoted scalar"):
      fault = Fault(
        "yaml_syntax", .validation, "A quote is not closed", place: place(parser.context_mark))
    case ("could not find expected ':'", _):
      fault = Fault(
        "yaml_syntax", .validation, "A key without `:`", place: place(parser.context_mark),
        hint: "Write `key: value`, and indent the further lines of a text more than its key")
    case _ where parser.error == YAML_READER_ERROR:
      fault = Fault("yaml_bytes", .validation, "The file holds bytes that are no text", place: spot)
    default:
      fault = Fault(
        "yaml_syntax", .validation, "This is not YAML", place: spot,
        cause: context.isEmpty ? problem : "\(context), \(problem)",
        hint: "Check the indentation of this line and the one above")
    }
  }

  /// A value up to its remark, for a hint.
  private static func value(_ rest: String) -> String {
    var scalars = String.UnicodeScalarView()
    var previous: Unicode.Scalar = "x"
    for scalar in rest.unicodeScalars.prefix(60) {
      if scalar == "#", previous == " " { break }
      if scalar == "}" || scalar == "\"" { break }
      scalars.append(scalar)
      previous = scalar
    }
    while scalars.last == " " || scalars.last == "\r" { scalars.removeLast() }
    return String(scalars)
  }

  private static func reference(in line: String, place: Place) -> Place {
    let scalars = Array(line.unicodeScalars)
    let at = scalars.indices.dropLast().first { scalars[$0] == "$" && scalars[$0 + 1] == "{" }
    return Place(file: place.file, line: place.line, column: at.map { $0 + 1 } ?? place.column)
  }

  private static func line(_ number: Int, in bytes: UnsafeBufferPointer<UInt8>) -> String {
    let lines = bytes.split(
      separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
    guard number >= 1, number <= lines.count else { return "" }
    return String(decoding: lines[number - 1].prefix(4096), as: UTF8.self)
  }

  private static func place(ofByte offset: Int, in bytes: UnsafeBufferPointer<UInt8>, file: String) -> Place {
    let before = bytes.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let column = String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1
    return Place(file: file, line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: column)
  }
}
