package import Model

/// What becomes of a fire whose local time does not exist, or exists twice.
///
/// The rule as one table, with 02:30 daily in Europe/Berlin as the example:
///
/// | schedule | in the gap | in the overlap |
/// |---|---|---|
/// | fixed time, `gap: run_after` | the first instant after it: 03:00 | |
/// | fixed time, `gap: skip` | no fire | |
/// | fixed time, `overlap: first` | | 02:30, the first time |
/// | fixed time, `overlap: second` | | 02:30, the second time |
/// | fixed time, `overlap: both` | | 02:30, twice |
/// | minute or hour begins with `*`, or `every:` up to an hour | follows elapsed time: nothing | follows elapsed time: twice |
/// | `@every` and `at:` | name instants: no difference | |
///
/// `standard` is what Debian's cron does (man cron(8), "Daylight Saving Time and other time
/// changes"). Several fixed times in one gap make one fire, as the ledger holds one row an instant.
package struct DaylightPolicy: Hashable, Sendable {
  package var gap: Schedule.GapPolicy
  package var overlap: Schedule.OverlapPolicy

  package init(
    gap: Schedule.GapPolicy = .runAfter, overlap: Schedule.OverlapPolicy = .first
  ) {
    self.gap = gap
    self.overlap = overlap
  }

  package static let standard = DaylightPolicy()
}
