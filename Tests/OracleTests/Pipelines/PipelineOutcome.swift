/// All that a pipeline gives and that must be the same on both sides.
struct PipelineOutcome: Hashable, Sendable, CustomStringConvertible {
  /// Why it was not computed at all: a code; empty where it was.
  var refused = ""
  /// `step row`, where a row failed the run; `aggregate` where a group did.
  var fault: String?
  /// The reasons that the row had; Tidemark names the first of them.
  var reasons: Set<String> = []
  /// Types, then the rows as text, sorted.
  var result: [String] = []
  /// `row step rule=reason ...`, sorted.
  var rejected: [String] = []
  var filtered = 0
  var dropped = 0
  /// `hits misses` of each lookup.
  var lookups: [String] = []
  /// Rows that reached the first step; not compared, since a moved filter lessens them.
  var rowsRead = 0

  /// Whether both say the same. A fault ends a run: what was counted before it does not matter.
  func agrees(with other: PipelineOutcome) -> Bool {
    if !refused.isEmpty || !other.refused.isEmpty { return refused.isEmpty == other.refused.isEmpty }
    if fault != nil || other.fault != nil {
      return fault == other.fault && (reasons.isEmpty || !reasons.isDisjoint(with: other.reasons))
    }
    return result == other.result && rejected == other.rejected && filtered == other.filtered
      && dropped == other.dropped && lookups == other.lookups
  }

  var description: String {
    if !refused.isEmpty { return "refused: \(refused)" }
    if let fault { return "fault: \(fault) \(reasons.sorted())" }
    return
      "filtered \(filtered), dropped \(dropped), lookups \(lookups), rejected \(rejected.count), rows \(result.count)"
  }

  /// What only one of them has, shortened.
  func difference(from other: PipelineOutcome) -> String {
    func only(_ left: [String], _ right: [String]) -> String {
      let counts = right.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      var rest = counts
      let more = left.filter { item in
        guard let count = rest[item], count > 0 else { return true }
        rest[item] = count - 1
        return false
      }
      return more.prefix(3).map { "\n      \($0.prefix(300))" }.joined()
    }
    if !refused.isEmpty || !other.refused.isEmpty || fault != nil || other.fault != nil { return "" }
    return only(result, other.result) + only(rejected, other.rejected)
  }

  /// A row fault by its class, anything else as it is.
  static func reason(_ text: String) -> String {
    text.first?.isNumber == true ? String(text.prefix(2)) : text
  }
}
