/// One job file, read and checked as far as that is possible without a database.
///
/// Expressions and SQL are kept as text with their place in the file; they are parsed here only
/// for their syntax and typed later, against the catalogue's facts.
package struct Job: Hashable, Sendable {
  package var name: JobName
  package var file: String
  package var description: String?
  package var labels: [String: String]
  /// May hold `${matrix.*}` and `${params.*}`.
  package var timezone: Template
  package var interval: IntervalRule
  package var schedule: Schedule?
  package var parameters: [Parameter]
  package var matrix: Matrix?
  package var sources: [Source]
  package var steps: [Step]
  package var aggregate: Aggregate?
  package var checks: [Check]
  package var sinks: [SinkRule]
  package var errors: ErrorRules
  package var limits: Limits
  package var notify: [NotifyRule]
  package var retention: Retention

  package init(
    name: JobName, file: String, description: String?, labels: [String: String],
    timezone: Template, interval: IntervalRule, schedule: Schedule?, parameters: [Parameter],
    matrix: Matrix?, sources: [Source], steps: [Step], aggregate: Aggregate?, checks: [Check],
    sinks: [SinkRule], errors: ErrorRules, limits: Limits, notify: [NotifyRule],
    retention: Retention
  ) {
    self.name = name
    self.file = file
    self.description = description
    self.labels = labels
    self.timezone = timezone
    self.interval = interval
    self.schedule = schedule
    self.parameters = parameters
    self.matrix = matrix
    self.sources = sources
    self.steps = steps
    self.aggregate = aggregate
    self.checks = checks
    self.sinks = sinks
    self.errors = errors
    self.limits = limits
    self.notify = notify
    self.retention = retention
  }
}

/// A job's name: letters, digits, `-`, `_` and `.`, at most 63 bytes.
package struct JobName: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package var description: String { text }

  /// The job as one names it to a command and in words: with the matrix row in brackets, `daily[tenant=acme]`.
  /// - Parameter row: empty for a job without matrix.
  package func subject(row: String) -> String { row.isEmpty ? text : "\(text)[\(row)]" }
}
