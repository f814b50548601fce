/// One thing that went wrong, as facts: a stable code, its class, a sentence, and where known
/// the place, the cause and what to do now.
///
/// Faults are made where something is found out and turned into text in one place only
/// (`FaultText` in Commands). They never hold row data unless the caller asked for it, and
/// never a secret.
package struct Fault: Error, Hashable, Sendable {
  /// A stable name such as `unknown_key`, for programs and for looking up in the docs.
  package var code: String
  package var kind: FaultClass
  /// What is wrong, as one sentence without a final full stop.
  package var sentence: String
  package var place: Place?
  /// What the layer below said, for instance Postgres's own message.
  package var cause: String?
  /// What the reader can do now.
  package var hint: String?
  /// True where the same attempt may succeed later with nothing changed.
  package var isTransient: Bool

  package init(
    _ code: String, _ kind: FaultClass, _ sentence: String, place: Place? = nil,
    cause: String? = nil, hint: String? = nil, isTransient: Bool = false
  ) {
    self.code = code
    self.kind = kind
    self.sentence = sentence
    self.place = place
    self.cause = cause
    self.hint = hint
    self.isTransient = isTransient
  }

  /// The same fault, pointing at `place` unless it already points somewhere.
  package func at(_ place: Place?) -> Fault {
    var copy = self
    copy.place = copy.place ?? place
    return copy
  }
}

/// What kind of trouble a fault is; decides the exit code.
package enum FaultClass: String, Hashable, Sendable, CaseIterable {
  case usage, config, validation, auth
  case notFound = "not_found"
  case connection, conflict, data, resource
  /// A check on the result failed.
  case check
  /// A quarantine limit was exceeded.
  case quarantine
  /// Stopped on request, resumable.
  case interrupted
  case `internal`

  /// The process's exit status for a run that ends with this fault.
  package var exitCode: ExitCode {
    switch self {
    case .usage: .usage
    case .config, .validation, .notFound: .config
    case .check: .checkFailed
    case .quarantine: .quarantineLimit
    case .connection, .auth: .cannotConnect
    case .interrupted: .interrupted
    case .conflict: .heldByAnother
    case .data, .resource, .internal: .runFailed
    }
  }
}

/// The process's exit statuses, one name each.
package enum ExitCode: Int32, Hashable, Sendable, CaseIterable {
  case ok = 0
  case runFailed = 1
  case usage = 2
  case config = 3
  case checkFailed = 4
  case quarantineLimit = 5
  case cannotConnect = 6
  case interrupted = 7
  case heldByAnother = 8
}

/// Several faults found in one go; never empty.
package struct Faults: Error, Hashable, Sendable {
  package var all: [Fault]

  package init(_ all: [Fault]) {
    self.all = all
  }
}
