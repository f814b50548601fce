internal import Model

/// Where a `${...}` stands, which decides what it may name.
enum ReferenceUse {
  case timezone
  /// A table's or connection's name.
  case identifier
  /// SQL or an expression that decides which rows are read or what they become.
  case data
  /// SQL of a publish.
  case publishing
  /// SQL that gives the rows of the matrix.
  case matrix
  /// A file's path, a value of `scope`.
  case sinkValue
  /// What `wait_for` waits for.
  case moment
  /// A key, URL or header: may hold secrets.
  case secret
  /// The project file, which stands above runs.
  case project

  func allows(_ namespace: Reference.Namespace) -> Bool {
    switch self {
    case .timezone, .identifier: [.params, .matrix].contains(namespace)
    case .matrix: namespace == .params
    case .moment: [.interval, .window, .fire].contains(namespace)
    case .data, .publishing, .sinkValue: !namespace.isExternal
    case .secret: true
    case .project: namespace.isExternal
    }
  }

  /// For sentences: `cannot stand in ...`.
  var name: String {
    switch self {
    case .timezone: "a time zone"
    case .identifier: "a name"
    case .data, .publishing: "SQL or an expression"
    case .matrix: "a matrix query"
    case .sinkValue: "a path or value of a store"
    case .moment: "`replayed_to`"
    case .secret: "a secret"
    case .project: "a project file"
    }
  }

  var hint: String {
    switch self {
    case .timezone, .identifier: "Only params and matrix can stand here"
    case .matrix: "Only params can stand here"
    case .moment: "Only interval, window and fire can stand here"
    case .data, .publishing, .sinkValue:
      "What comes from outside is no part of a run's identity; declare a parameter and give it by --set"
    case .secret, .project: "Only env, file and credential can stand here"
    }
  }
}
