internal import Model

/// The one place where faults become text.
///
///     jobs/x.yaml:12:7: error[unknown_key]: There is no key `shedule`
///        12 |       shedule: "15 2 * * *"
///           |       ^
///        hint: Did you mean `schedule`?
struct FaultText {
  var fault: Fault
  /// `error` or `warning`.
  var severity = "error"
  /// The line of the file that the fault points at, where it could be read.
  var sourceLine: String?
  var style = Style.plain

  /// What to do now: the fault's own hint, else what is always to be done about its code.
  private var hint: String? { fault.hint ?? FaultCatalogue.remedy(of: fault.code, kind: fault.kind.rawValue) }

  var text: String {
    var head = ""
    if let place = fault.place {
      // An option is a place too, and has no lines.
      let isOption = place.file.hasPrefix("--")
      head = style.bold(isOption ? "\(place.file): " : "\(place.file):\(place.line):\(place.column): ")
    }
    let word = severity == "error" ? style.red(severity) : style.yellow(severity)
    var lines = ["\(head)\(word)[\(fault.code)]: \(FaultText.oneLine(fault.sentence))"]
    if let place = fault.place, let sourceLine {
      let number = "\(place.line)"
      let margin = String(repeating: " ", count: max(6 - number.count, 1)) + number
      let blank = String(repeating: " ", count: margin.count)
      let (shown, column) = FaultText.excerpt(sourceLine, column: place.column)
      lines.append(style.dim("\(margin) | ") + shown)
      lines.append(style.dim("\(blank) | ") + String(repeating: " ", count: column - 1) + style.red("^"))
    }
    if let cause = fault.cause { lines.append("  cause: " + FaultText.oneLine(cause)) }
    if let hint { lines.append("  hint: " + FaultText.oneLine(hint)) }
    return lines.joined(separator: "\n")
  }

  /// The same facts for programs.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("severity", .string(severity)),
      .init("code", .string(fault.code)),
      .init("class", .string(fault.kind.rawValue)),
      .init("sentence", .string(fault.sentence)),
    ]
    if let place = fault.place {
      members.append(.init("file", .string(place.file)))
      members.append(.init("line", .integer(place.line)))
      members.append(.init("column", .integer(place.column)))
    }
    members.append(.init("cause", .optional(fault.cause)))
    members.append(.init("hint", .optional(hint)))
    members.append(.init("transient", .boolean(fault.isTransient)))
    return .object(members)
  }

  /// The same facts for a line of the log.
  var facts: [JSONValue.Member] {
    [
      .init("code", .string(fault.code)),
      .init("place", .optional(fault.place.map { "\($0.file):\($0.line):\($0.column)" })),
      .init("fault", .string(fault.sentence)), .init("cause", .optional(fault.cause)),
      .init("hint", .optional(fault.hint)),
    ]
  }

  /// What could forge further lines, drive the terminal or turn the order of what it shows is made blank.
  static func oneLine(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      if scalar.isSteering {
        out += scalar == "\n" ? "; " : " "
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// At most 100 characters of a line around `column`, and the column within them.
  private static func excerpt(_ line: String, column: Int) -> (String, Int) {
    let scalars = Array(oneLine(line).unicodeScalars)
    let at = min(max(column, 1), scalars.count + 1)
    let start = at > 80 ? at - 60 : 0
    let end = min(start + 100, scalars.count)
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars[start..<end])
    return (text, at - start)
  }
}
