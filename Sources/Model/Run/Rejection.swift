/// One row that a step refused: what quarantine keeps.
package struct Rejection: Hashable, Sendable {
  /// Position of the row in its chunk, from 0, in fetch order.
  package var ordinal: Int64
  /// Name and text of the columns that name the row; empty where nothing does.
  package var key: [NamedText]
  /// The step's (and rule's) name. The first broken one; all stand in `broken`.
  package var step: String
  package var broken: [BrokenRule]
  /// The row as fetched, as a JSON object in UTF-8, sensitive columns left out.
  package var row: String

  package struct BrokenRule: Hashable, Sendable {
    package var rule: String
    /// `rule_failed`, `lookup_missing`, `invalid_text`, or a row fault's SQLSTATE.
    package var reason: String
    /// One sentence; the offending values where no sensitive column is among them.
    package var detail: String

    package init(rule: String, reason: String, detail: String) {
      self.rule = rule
      self.reason = reason
      self.detail = detail
    }
  }

  package struct NamedText: Hashable, Sendable {
    package var name: String
    package var text: String?

    package init(name: String, text: String?) {
      self.name = name
      self.text = text
    }
  }

  package init(
    ordinal: Int64, key: [NamedText], step: String, broken: [BrokenRule], row: String
  ) {
    self.ordinal = ordinal
    self.key = key
    self.step = step
    self.broken = broken
    self.row = row
  }
}
