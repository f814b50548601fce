package import Model

/// Something about a schedule that works but may not mean what its author thought.
package struct ScheduleWarning: Hashable, Sendable {
  /// A stable name such as `cron_either_day`.
  package var code: String
  package var sentence: String
  package var hint: String
  package var place: Place

  package init(_ code: String, _ sentence: String, hint: String, place: Place) {
    self.code = code
    self.sentence = sentence
    self.hint = hint
    self.place = place
  }
}
