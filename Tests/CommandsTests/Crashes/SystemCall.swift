import ProjectRig
import Runtime
import Testing

/// A call to the system, as the n-th of its kind that a thread of a process makes: where it can be killed.
struct SystemCall: CustomStringConvertible {
  var name: String
  var number: Int

  var description: String { "\(name) \(number)" }

  /// All of these names that one thread or another makes while a command runs undisturbed.
  static func all(
    of names: [String], in project: TidemarkProject, _ command: [String], environment: [String: String] = [:]
  ) async throws -> [SystemCall] {
    let log = project.path("calls")
    let run = try await project.run(
      command, environment: environment,
      behind: [
        SystemProgram.strace, "-f", "-qq", "--seccomp-bpf", "-o", log, "-e", "signal=none", "-e",
        "trace=" + names.map { "?" + $0 }.joined(separator: ","),
      ])
    #expect(run.status == 0, "\(run.output)")
    let text = try #require(try project.read("calls"))
    var counts: [Substring: [Substring: Int]] = [:]
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      // `4711  write(3, ...`; what is resumed was counted when it began.
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let end = parts[1].firstIndex(of: "(") else { continue }
      let call = parts[1][..<end].drop { $0 == " " }
      if names.contains(String(call)) { counts[call, default: [:]][parts[0], default: 0] += 1 }
    }
    return counts.flatMap { call, threads in
      (1...(threads.values.max() ?? 1)).map { SystemCall(name: String(call), number: $0) }
    }.sorted { ($0.name, $0.number) < ($1.name, $1.number) }
  }

  /// What kills the command that it is put before, as a thread of it enters this call.
  var killer: [String] {
    [
      // Not by `--seccomp-bpf`: with it a signal comes at the first call or never.
      SystemProgram.strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(name)", "-e",
      "inject=\(name):signal=SIGKILL:when=\(number)",
    ]
  }
}
