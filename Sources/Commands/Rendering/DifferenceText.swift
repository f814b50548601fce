internal import Engine
internal import Model

/// How two sides of a comparison differ, for people and programs.
struct DifferenceText {
  var differing: Int
  var differences: [Verification.Difference]
  /// What the two sides are called: `published` and `Postgres`.
  var left: String
  var right: String

  var lines: [String] {
    var lines = differences.map { difference in
      let row = FaultText.oneLine(difference.row)
      switch difference.kind {
      case .surplus: return "  \(row)  only in \(left)"
      case .missing: return "  \(row)  only in \(right)"
      case .value:
        return "  \(row)  \(difference.column ?? ""): \(shown(difference.published)) in \(left), "
          + "\(shown(difference.computed)) in \(right)"
      }
    }
    if differing > 0, differences.count >= RowComparison.maximumShown { lines.append("  ...") }
    return lines
  }

  private func shown(_ value: String?) -> String { value.map(FaultText.oneLine) ?? "NULL" }

  var json: JSONValue {
    .array(
      differences.map { difference in
        .object([
          .init("kind", .string(difference.kind.rawValue)), .init("row", .string(difference.row)),
          .init("column", .optional(difference.column)), .init(left, .optional(difference.published)),
          .init(right, .optional(difference.computed)),
        ])
      })
  }
}
