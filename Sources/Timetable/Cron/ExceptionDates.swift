package import Model

/// Local dates on which a schedule is not due (`except:`).
package struct ExceptionDates: Hashable, Sendable {
  package private(set) var days: Set<CivilDay>

  package static let none = ExceptionDates([])

  package init(_ days: Set<CivilDay>) {
    self.days = days
  }

  package func contains(_ day: CivilDay) -> Bool { !days.isEmpty && days.contains(day) }

  /// Reads a file of dates: one `2026-12-25` a line, with whatever follows it after a blank kept
  /// out as a remark; empty lines and those that begin with `#` count for nothing.
  ///
  /// - Throws: every line that is something else, at once.
  package init(file text: SourceText) throws(Faults) {
    var days: Set<CivilDay> = []
    var faults: [Fault] = []
    var offset = 0
    // By bytes: a Windows line end is one `Character`.
    for line in text.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      defer { offset += line.count + 1 }
      let word = line.drop { $0.isBlank }.prefix { !$0.isBlank }
      guard let first = word.first, first != UInt8(ascii: "#") else { continue }
      if let day = CivilDay(text: String(Substring(word))) {
        days.insert(day)
      } else {
        let start = line.distance(from: line.startIndex, to: word.startIndex)
        faults.append(
          Fault(
            "invalid_date", .validation, "'\(Substring(word))' is not a date",
            place: text.place(atUTF8Offset: offset + start), hint: "Write one like 2026-12-25 a line"))
      }
    }
    guard faults.isEmpty else { throw Faults(faults) }
    self.days = days
  }
}

extension UInt8 {
  /// A space, a tab or the rest of a Windows line end.
  var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
