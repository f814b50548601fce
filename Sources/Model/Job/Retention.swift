/// `retention:`, how long the state keeps what is over: runs with their partials, and rejected rows.
package struct Retention: Hashable, Sendable {
  package var runs: Duration
  package var quarantine: Duration

  package init(runs: Duration, quarantine: Duration) {
    self.runs = runs
    self.quarantine = quarantine
  }

  package static let standard = Retention(
    runs: .seconds(90 * 86_400), quarantine: .seconds(30 * 86_400))
}
