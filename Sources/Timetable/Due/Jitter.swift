package import Model

/// Spreads jobs that share a time (`jitter:`).
package enum Jitter {
  /// How long after its nominal time a fire of `job` is due: from zero up to and without
  /// `maximum`, in whole milliseconds, the same for every fire and on every machine.
  package static func delay(of job: JobName, maximum: Duration) -> Duration {
    let (seconds, attoseconds) = maximum.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    guard milliseconds > 0 else { return .zero }
    return .milliseconds(StableHash.number(job.text, salt: "jitter", below: Int(milliseconds)))
  }
}
