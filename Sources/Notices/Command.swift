internal import Glibc
internal import Model
internal import Runtime

/// Hands a notice to a program: its argument vector as written, no shell, values by environment
/// and as JSON on standard input.
struct Command {
  var arguments: [String]
  var timeout: Duration
  /// Where `PATH`, `HOME` and the like come from.
  var environment: Environment

  func send(_ notice: Notice) throws(Fault) -> Delivery {
    guard let name = arguments.first, let program = path(of: name) else {
      return .permanent(
        Fault(
          "no_such_command", .config, "The notifier's command `\(arguments.first ?? "")` is not there",
          hint: "Write its whole path"))
    }
    let folder = try FolderTree.temporary(in: environment["TMPDIR"] ?? "/tmp", prefix: "tidemark-notice-")
    let result = Result { () throws(Fault) in try run(program, notice, in: folder) }
    try FolderTree.remove(folder)
    return try result.get()
  }

  private func run(_ program: String, _ notice: Notice, in folder: String) throws(Fault) -> Delivery {
    let input = folder + "/notice.json"
    let output = folder + "/output"
    try FileDescriptor(input, O_WRONLY | O_CREAT | O_EXCL).write(Array((notice.json.text + "\n").utf8))
    let child = try ChildProcess(
      [program] + arguments.dropFirst(), environment: variables(notice), input: input, output: output)
    guard let exit = exit(of: child) else {
      child.end(grace: .seconds(2))
      if Task.isCancelled { return .stopped }
      return .transient(
        Fault(
          "command_timeout", .resource, "The notifier's command `\(arguments[0])` was ended after \(timeout)",
          isTransient: true), retryAfter: nil)
    }
    let what: String
    switch exit {
    case .status(0): return .delivered
    case .status(let status): what = "ended with status \(status)"
    case .signal(let signal): what = "was ended by signal \(signal)"
    }
    let said = try FileContents.read(output, atMost: ByteCount(1 << 30)).suffix(500)
    return .transient(
      Fault(
        "command_failed", .resource, "The notifier's command `\(arguments[0])` \(what)",
        cause: said.isEmpty ? nil : NoticeText.oneLine(String(decoding: said, as: UTF8.self)),
        isTransient: true), retryAfter: nil)
  }

  /// - Returns: `nil` where it is not to go on any longer.
  private func exit(of child: ChildProcess) -> ChildProcess.Exit? {
    let start = ContinuousClock.now
    while !Task.isCancelled {
      let left = timeout - (ContinuousClock.now - start)
      if let exit = child.wait(atMost: max(.zero, min(left, .seconds(1)))) { return exit }
      if left <= .seconds(1) { return nil }
    }
    return nil
  }

  /// The little that programs expect, and the notice.
  func variables(_ notice: Notice) -> [String: String] {
    var variables: [String: String] = [:]
    for name in ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"] { variables[name] = environment[name] }
    let facts = notice.facts
    let values: [(String, String?)] = [
      ("NOTICE_ID", notice.idempotencyKey), ("EVENT", facts.event.rawValue), ("PROJECT", facts.project),
      ("JOB", facts.job), ("MATRIX_ROW", facts.matrixRow), ("RUN", facts.run),
      ("INTERVAL", facts.interval), ("CODE", facts.code), ("FAULT", facts.fault), ("NEXT", facts.next),
      ("SUBJECT", notice.text.subject), ("TEXT", notice.text.body),
    ]
    for (name, value) in values {
      variables["TIDEMARK_\(name)"] = value.map(Command.variable)
    }
    return variables
  }

  /// Linux takes 128 KiB of a variable, which a large digest would exceed: the whole is on standard input.
  private static func variable(_ value: String) -> String {
    let text = value.replacing("\0", with: " ")
    let part = text.unicodeScalars.prefix(8192)
    return part.endIndex == text.endIndex ? text : String(part) + "…"
  }

  /// As the shell looks for it: a name with a slash is a path, others stand in `PATH`.
  private func path(of name: String) -> String? {
    if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
    let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
    return name.isEmpty ? nil : folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}
