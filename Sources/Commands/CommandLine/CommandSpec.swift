internal import Model

/// One subcommand: what it takes, what its help says, and what it does.
struct CommandSpec: Sendable {
  var name: String
  /// One line, for the list of commands.
  var summary: String
  /// Longer text of the command's own help; may be empty.
  var discussion: String = ""
  var operands: [Operand] = []
  var options: [OptionSpec] = []
  /// A command line that works in the demo's project, and what it does.
  var example: String
  /// Left out of the list of commands.
  var isHidden = false
  /// The exit code tells how runs went, whatever becomes of what is printed about them.
  var isAboutRuns = false
  var run: @Sendable (Invocation) async throws -> ExitCode

  struct Operand: Sendable {
    var name: String
    var help: String
    var isRequired = true
    var isRepeatable = false
  }

  /// Options that every command takes.
  static let common: [OptionSpec] = [
    OptionSpec(
      "project", value: "DIR", help: "the folder with tidemark.yaml and jobs/ (default: here or above)"),
    OptionSpec(
      "config", value: "FILE", help: "project file; may be repeated, later ones win", isRepeatable: true),
    OptionSpec("state", value: "WHERE", help: "state store: a SQLite file or postgres://..."),
    OptionSpec("log-file", value: "FILE", help: "append the log there instead of standard error"),
    OptionSpec("json", help: "print facts as one JSON document"),
    OptionSpec("quiet", short: "q", help: "only faults and the result"),
    OptionSpec("verbose", short: "v", help: "more of the log; twice for all of it", isRepeatable: true),
    OptionSpec("help", short: "h", help: "this text"),
  ]

  var allOptions: [OptionSpec] { options + CommandSpec.common }
}

/// One option of a command line.
struct OptionSpec: Sendable {
  var name: String
  var short: Character?
  /// The name of its value in help; `nil` for a flag.
  var value: String?
  var help: String
  var isRepeatable: Bool

  init(
    _ name: String, short: Character? = nil, value: String? = nil, help: String, isRepeatable: Bool = false
  ) {
    self.name = name
    self.short = short
    self.value = value
    self.help = help
    self.isRepeatable = isRepeatable
  }
}
