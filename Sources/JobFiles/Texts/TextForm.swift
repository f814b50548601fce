internal import Expressions
internal import Model

/// What a text in a job file must look like, for the check, the hint and the JSON Schema alike.
enum TextForm: Sendable {
  /// Whatever it says.
  case free
  /// A SQL expression that Tidemark computes itself.
  case expression
  /// SQL that Postgres computes.
  case sql
  /// A text that may hold `${...}`.
  case template
  case duration
  case calendarAmount
  case byteCount
  case percent
  case cron
  case timeOfDay
  case timestamp
  case sqlType
  case column
  case jobName
  /// A plain name: of a parameter, a connection, a pool.
  case name

  /// What is wrong with `text`, and what to write instead; nil where all is well.
  func fault(in source: SourceText) -> Fault? {
    let text = source.text
    do throws(Fault) {
      switch self {
      case .column: _ = try Identifier(checking: text, place: source.place)
      case .sqlType: _ = try TypeNames.parse(source)
      default: break
      }
    } catch {
      return error
    }
    if takes(text) { return nil }
    let complaint = self.complaint
    let sentence =
      complaint.code == "empty_text" ? "This text is empty" : "`\(text.shortened)` is not \(name)"
    return Fault(complaint.code, .validation, sentence, place: source.place, hint: complaint.hint)
  }

  private func takes(_ text: String) -> Bool {
    switch self {
    case .free, .column, .sqlType: true
    case .expression, .sql, .template, .cron: !text.allSatisfy(\.isWhitespace)
    case .duration: UnitText.duration(text) != nil
    case .calendarAmount: UnitText.calendarAmount(text) != nil
    case .byteCount: UnitText.byteCount(text) != nil
    case .percent: UnitText.partsPerMillion(text) != nil
    case .timeOfDay: TimeText.timeOfDay(text) != nil
    case .timestamp: Instant(rfc3339: text) != nil
    case .jobName: Self.isJobName(text)
    case .name: !text.isEmpty && text.utf8.allSatisfy(Self.isNameByte)
    }
  }

  private var complaint: (code: String, hint: String?) {
    switch self {
    case .free, .column, .sqlType, .expression, .sql, .template, .cron:
      (
        "empty_text",
        example.map { "Write \($0), or leave the key out" } ?? "Write something, or leave the key out"
      )
    case .duration, .calendarAmount: ("bad_duration", example.map { "Write \($0)" })
    case .byteCount: ("bad_size", example.map { "Write \($0)" })
    case .percent: ("bad_percent", example.map { "Write \($0)" })
    case .timeOfDay, .timestamp: ("bad_time", example.map { "Write \($0)" })
    case .jobName: ("bad_name", "Names have letters, digits, `-`, `_` and `.`, and at most 63 of them")
    case .name: ("bad_name", "Names have letters, digits, `-`, `_` and `.`")
    }
  }

  /// One that would do, for hints; nil where any text does.
  var example: String? {
    switch self {
    case .free, .template, .jobName, .name: nil
    case .expression: "an expression, like quantity > 0"
    case .sql: "SQL for Postgres"
    case .duration: "one like 45m, 2h30m or 3d"
    case .calendarAmount: "one like 15m, 3d or 1mo"
    case .byteCount: "one like 512MB or 1GiB"
    case .percent: "one like 0.1% or 50%, 100% at most"
    case .cron: "one like \"15 2 * * *\""
    case .timeOfDay: "one like \"06:00\""
    case .timestamp: "one like 2026-12-31T23:00:00+01:00"
    case .sqlType: "one like integer or numeric(18,2)"
    case .column: "one column's name"
    }
  }

  static func isJobName(_ text: String) -> Bool {
    (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte) && !text.hasPrefix(".")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch Character(Unicode.Scalar(byte)) {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
    default: false
    }
  }

  /// A regular expression for editors, where one says enough.
  var pattern: String? {
    switch self {
    case .duration: "^([0-9_]+(w|d|h|m|s|ms))+$"
    case .calendarAmount: "^([0-9_]+(y|mo|w|d|h|m|s))+$"
    case .byteCount: "^[0-9_]+(B|[kKMGT]B|[KMGT]iB)$"
    case .percent: "^[0-9_]+(\\.[0-9]{1,4})?%$"
    case .timeOfDay: "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    case .jobName: "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,62}$"
    case .name: "^[A-Za-z0-9_.-]+$"
    case .expression, .sql, .template, .cron: "\\S"
    case .free, .timestamp, .sqlType, .column: nil
    }
  }
}

extension String {
  /// At most 60 characters, for sentences.
  var shortened: String { count <= 60 ? self : prefix(59) + "…" }
}
