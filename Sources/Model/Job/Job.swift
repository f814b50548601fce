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
}

/// A text with `${...}` references in it, cut into its parts. `$${` is a literal `${`.
package struct Template: Hashable, Sendable {
  package var source: SourceText
  package var parts: [Part]

  package enum Part: Hashable, Sendable {
    case text(String)
    case reference(Reference)
  }

  package init(source: SourceText, parts: [Part]) {
    self.source = source
    self.parts = parts
  }

  /// A text without references.
  package init(literal text: String, origin: String = "(built in)") {
    self.init(source: SourceText(text, origin: origin), parts: text.isEmpty ? [] : [.text(text)])
  }

  package var references: [Reference] {
    parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
  }

  /// The text itself where it holds no reference.
  package var literal: String? {
    switch parts.count {
    case 0: ""
    case 1: if case .text(let text) = parts[0] { text } else { nil }
    default: nil
    }
  }
}

/// One `${namespace.name}`.
package struct Reference: Hashable, Sendable {
  package var namespace: Namespace
  /// Behind the dot (`start_date`), or behind the colon of `${file:path}`.
  package var name: String
  /// Of `${env.X:-default}`.
  package var fallback: String?
  package var place: Place

  package enum Namespace: String, Hashable, Sendable, CaseIterable {
    case params, interval, window, fire, run, matrix, env, file, credential

    /// These hold secrets or come from outside the run's identity: never in SQL or expressions.
    package var isExternal: Bool { self == .env || self == .file || self == .credential }
  }

  package init(namespace: Namespace, name: String, fallback: String? = nil, place: Place) {
    self.namespace = namespace
    self.name = name
    self.fallback = fallback
    self.place = place
  }

  /// As written in a job file, without the default.
  package var spelling: String {
    namespace == .file ? "file:\(name)" : "\(namespace.rawValue).\(name)"
  }
}

/// One `params:` entry.
package struct Parameter: Hashable, Sendable {
  package var name: String
  package var type: SQLType
  /// As text; read as `type` when the run's identity is made.
  package var defaultValue: String?
  package var description: String?
  package var place: Place

  package init(
    name: String, type: SQLType, defaultValue: String?, description: String?, place: Place
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.description = description
    self.place = place
  }
}

/// The rows that a job is run for, one run each.
package enum Matrix: Hashable, Sendable {
  case rows([[String: String]], place: Place)
  case query(connection: String, sql: SourceText)
}

/// `interval:`, the rule that turns a fire into the span of data a run is for.
package struct IntervalRule: Hashable, Sendable {
  package var span: IntervalSpan
  package var delay: CalendarAmount
  package var lookback: CalendarAmount?
  package var rolling: CalendarAmount?
  /// True where the file has an `interval:` key.
  package var isDeclared: Bool

  package init(
    span: IntervalSpan = .fire, delay: CalendarAmount = .zero, lookback: CalendarAmount? = nil,
    rolling: CalendarAmount? = nil, isDeclared: Bool = false
  ) {
    self.span = span
    self.delay = delay
    self.lookback = lookback
    self.rolling = rolling
    self.isDeclared = isDeclared
  }
}

package enum IntervalSpan: String, Hashable, Sendable, CaseIterable {
  case fire, hour, day, week, month, quarter, year
}

/// A human amount of time whose days, weeks, months are calendar ones: `3d`, `45m`, `2mo`.
package struct CalendarAmount: Hashable, Sendable {
  package var months: Int
  package var days: Int
  package var microseconds: Int64

  package init(months: Int = 0, days: Int = 0, microseconds: Int64 = 0) {
    self.months = months
    self.days = days
    self.microseconds = microseconds
  }

  package static let zero = CalendarAmount()
}
