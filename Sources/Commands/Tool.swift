internal import Glibc
internal import Model
internal import Runtime

/// The command line tool.
package enum Tool {
  static let version = "0.1.0"

  static let commands: [CommandSpec] = [
    InitCommand.spec, DemoCommand.spec, ValidateCommand.spec, PlanCommand.spec, RunCommand.spec,
    ResumeCommand.spec, TickCommand.spec,
    SchedulerCommand.spec, ScheduleCommand.spec, BackfillCommand.spec, PauseCommand.spec, UnpauseCommand.spec,
    CancelCommand.spec, SystemdCommand.spec, CronCommand.spec,
    StatusCommand.spec, HistoryCommand.spec, ShowCommand.spec, ResultsCommand.spec, DiffCommand.spec,
    VerifyCommand.spec, QuarantineCommand.spec, NoticesCommand.spec, AuditCommand.spec, ReportCommand.spec,
    ExplainCommand.spec, GrantsCommand.spec, StateCommand.spec, SchemaCommand.spec, CompletionsCommand.spec,
    VersionCommand.spec, FailpointsCommand.spec,
  ]

  /// Runs the command that the process's arguments name, and ends the process with its exit code.
  package static func main() async -> Never {
    StandardFiles.fill()
    let arguments = Array(CommandLine.arguments.dropFirst())
    StopSignals.install(isService: arguments.first == SchedulerCommand.spec.name)
    // A reader that goes away must not kill a run; writing to it fails instead.
    signal(SIGPIPE, SIG_IGN)
    var code = await run(arguments)
    if let lost = Terminal.outputFault {
      let isAboutRuns = commands.contains { $0.name == arguments.first && $0.isAboutRuns }
      let failure = FaultReport.print([lost], asJSON: false)
      if code == .ok, !isAboutRuns { code = failure }
    }
    exit(code.rawValue)
  }

  /// How the tool is called again from `folder`: by its path where it was called by one, since then it
  /// need not be on `PATH`.
  static func spelling(from folder: String) -> String {
    guard let path = CommandLine.arguments.first, path.contains("/") else { return "tidemark" }
    return path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
  }

  /// Runs one command line.
  static func run(_ arguments: [String]) async -> ExitCode {
    guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
      if let topic = arguments.dropFirst().first, !topic.hasPrefix("-") {
        return await run([topic, "--help"])
      }
      let overview = HelpText.overview(commands)
      if arguments.isEmpty { Terminal.printError(overview) } else { Terminal.print(overview) }
      return arguments.isEmpty ? .usage : .ok
    }
    if name == "--version" {
      Terminal.print("tidemark \(version)")
      return .ok
    }
    var isJSON = arguments.contains("--json")
    guard let spec = commands.first(where: { $0.name == name }) else {
      let names = commands.filter { !$0.isHidden }.map(\.name)
      return FaultReport.print(
        [
          Fault(
            "unknown_command", .usage, "There is no command `\(name)`",
            hint: name.hasPrefix("-")
              ? "Options come behind the command: `tidemark status \(name) ...`"
              : DidYouMean.hint(for: name, among: names) ?? "`tidemark --help` lists them")
        ], asJSON: isJSON)
    }
    do {
      try AddressSpace.check()
      try OpenFiles.check()
      // What Swift's clocks stand on opens its files now, before others take the room.
      try await Task.sleep(for: .nanoseconds(1))
      try Failpoint.check(known: FailpointsCommand.all)
      let invocation = try Invocation(spec, arguments: Array(arguments.dropFirst()))
      isJSON = invocation.has("json")
      if invocation.has("help") {
        Terminal.print(HelpText(spec: spec).text)
        return .ok
      }
      return try await spec.run(invocation)
    } catch {
      return FaultReport.print(faults(of: error), asJSON: isJSON)
    }
  }

  /// What ended a command, or one attempt of a run.
  static func faults(of error: any Error) -> [Fault] {
    switch error {
    case let faults as Faults: faults.all
    case let fault as Fault: [fault]
    default: [Fault("internal", .internal, "The command ended in an unknown way", cause: "\(error)")]
    }
  }
}
