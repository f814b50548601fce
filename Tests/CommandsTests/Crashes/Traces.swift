/// All that a run leaves and that must not depend on crashes.
struct Traces: Equatable {
  var tables: [[String]] = []
  var files: [String: [UInt8]] = [:]
  var ledger: [[String]] = []
  var revisions: [String] = []
  var quarantine: [String] = []
  var notices: [String] = []
  /// Files and tables that nobody needs any more.
  var leftovers: [String] = []

  /// What is otherwise than in `expected`: a sentence a part, short enough for a line of a log.
  func differences(from expected: Traces) -> [String] {
    var found = [
      Traces.difference("tables", tables.map { "\($0)" }, expected.tables.map { "\($0)" }),
      Traces.difference("ledger", ledger.map { "\($0)" }, expected.ledger.map { "\($0)" }),
      Traces.difference("revisions", revisions, expected.revisions),
      Traces.difference("quarantine", quarantine, expected.quarantine),
      Traces.difference("notices", notices, expected.notices),
      Traces.difference("leftovers", leftovers, expected.leftovers),
    ].compactMap(\.self)
    for (name, bytes) in expected.files.sorted(by: { $0.key < $1.key }) where files[name] != bytes {
      found.append("\(name): \(files[name].map { "\($0.count)" } ?? "no") bytes instead of \(bytes.count)")
    }
    return found
  }

  private static func difference(_ part: String, _ seen: [String], _ expected: [String]) -> String? {
    if seen == expected { return nil }
    var missing = expected
    let additional = seen.filter { line in
      guard let place = missing.firstIndex(of: line) else { return true }
      missing.remove(at: place)
      return false
    }
    if additional.isEmpty, missing.isEmpty { return "\(part) in another order" }
    return "\(part): \(told(additional)) instead of \(told(missing))"
  }

  private static func told(_ lines: [String]) -> String {
    lines.isEmpty
      ? "nothing"
      : lines.prefix(3).joined(separator: ", ") + (lines.count > 3 ? " and \(lines.count - 3) more" : "")
  }
}
