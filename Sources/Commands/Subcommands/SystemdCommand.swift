internal import Glibc
internal import JobFiles
internal import Model
internal import Runtime

/// `tidemark systemd print`: hardened units for the scheduler, or for one job without it.
enum SystemdCommand {
  static let spec = CommandSpec(
    name: "systemd", summary: "Print systemd units for the scheduler or for one job",
    discussion: """
      print scheduler   one service that runs all jobs
      print JOB         a service and a timer that look every minute whether the job is due; its schedule stays in
                        its file
      """,
    operands: [
      .init(name: "print", help: "what to do"), .init(name: "scheduler|JOB", help: "whose units"),
    ],
    options: [
      OptionSpec("credential", value: "NAME", help: "a secret to load; may be repeated", isRepeatable: true)
    ],
    example: "tidemark systemd print scheduler | sudo tee /etc/systemd/system/tidemark.service",
    run: { invocation in
      guard invocation.operands[0] == "print" else {
        throw Fault(
          "bad_value", .usage, "`tidemark systemd \(invocation.operands[0])` does nothing",
          hint: "Write `tidemark systemd print scheduler`")
      }
      let context = try ProjectContext(invocation)
      let units = SystemdUnits(
        program: try Path.absolute("/proc/self/exe"), project: try Path.absolute(context.root),
        configs: try context.invocation.all("config").map(Path.absolute),
        credentials: invocation.all("credential"))
      if invocation.operands[1] == "scheduler" {
        Terminal.print(units.scheduler)
      } else {
        let job = try context.job(invocation.operands[1]).reading.job
        for (name, text) in units.job(job.name) { Terminal.print("# /etc/systemd/system/\(name)\n\(text)") }
      }
      return .ok
    })
}

/// `tidemark cron print`: the line for a crontab.
enum CronCommand {
  static let spec = CommandSpec(
    name: "cron", summary: "Print the crontab line that runs what is due",
    operands: [
      .init(name: "print", help: "what to do"),
      .init(name: "JOB", help: "only these jobs", isRequired: false, isRepeatable: true),
    ],
    example: "tidemark cron print | crontab -",
    run: { invocation in
      guard invocation.operands[0] == "print" else {
        throw Fault(
          "bad_value", .usage, "`tidemark cron \(invocation.operands[0])` does nothing",
          hint: "Write `tidemark cron print`")
      }
      let context = try ProjectContext(invocation)
      let jobs = try invocation.operands.dropFirst().map { try context.job($0).reading.job.name.text }
      var words = [try Path.absolute("/proc/self/exe"), "tick"] + jobs
      words += ["--quiet", "--project", try Path.absolute(context.root)]
      for config in invocation.all("config") { words += ["--config", try Path.absolute(config)] }
      // In a crontab `%` ends the command.
      let command = words.map(ShellWord.quoted).joined(separator: " ").split(
        separator: "%", omittingEmptySubsequences: false
      ).joined(separator: "\\%")
      Terminal.print("* * * * * \(command)")
      return .ok
    })
}

/// Paths as another process must be told them.
enum Path {
  /// - Throws: a `SystemFault` where there is no such file.
  static func absolute(_ path: String) throws(Fault) -> String {
    guard let resolved = realpath(path, nil) else { throw SystemFault.fault("find", path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// One word of a shell's command line.
enum ShellWord {
  static func quoted(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.isASCII
        && ($0.properties.isAlphabetic || $0.properties.numericType != nil
          || "/._-=:,@+".unicodeScalars.contains($0))
    }
    if isPlain, !text.isEmpty { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
