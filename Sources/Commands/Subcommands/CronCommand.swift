internal import JobFiles
internal import Model
internal import Runtime

/// `tidemark cron print`: the line for a crontab.
enum CronCommand {
  static let spec = CommandSpec(
    name: "cron", summary: "Print the crontab line that runs what is due",
    operands: [
      .init(name: "print", help: "what to do"),
      .init(name: "JOB", help: "only these jobs", isRequired: false, isRepeatable: true),
    ],
    example: "(crontab -l; tidemark cron print) | crontab -",
    run: { invocation in
      guard invocation.operands[0] == "print" else {
        throw Fault(
          "bad_value", .usage, "`tidemark cron \(invocation.operands[0])` does nothing",
          hint: "Write `tidemark cron print`")
      }
      let context = try ProjectContext(invocation)
      let jobs = try invocation.operands.dropFirst().map { try context.scheduledJob($0).name.text }
      var words = [try Path.absolute("/proc/self/exe"), "tick"] + jobs
      words += ["--quiet", "--project", try Path.absolute(context.root)]
      for config in invocation.all("config") { words += ["--config", try Path.absolute(config)] }
      if let state = try StateLocation.elsewhere(invocation["state"], writtenInto: "a crontab") {
        words += ["--state", state]
      }
      // In a crontab `%` ends the command.
      let command = words.map(ShellWord.quoted).joined(separator: " ").split(
        separator: "%", omittingEmptySubsequences: false
      ).joined(separator: "\\%")
      let line = "* * * * * \(command)"
      Terminal.print(
        invocation.has("json") ? JSONValue.object([.init("crontab", .string(line))]).prettyText : line)
      return .ok
    })
}
