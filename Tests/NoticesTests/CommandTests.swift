import Glibc
import Model
@testable import Notices
import Runtime
import Testing

@Suite(.timeLimit(.minutes(1))) struct CommandTests {
  private func run(
    _ script: String, timeout: Duration = .seconds(60), arguments: [String] = [],
    _ notice: Notice = .sample()
  ) async throws -> Delivery {
    try await Courier.sample().deliver(
      notice, to: .command(["sh", "-c", script, "notifier"] + arguments, timeout: timeout))
  }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-notices-")
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(folder)) } catch { outcome = .failure(error) }
    try FolderTree.remove(folder)
    try outcome.get()
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try FileContents.read(path, atMost: .megabytes(1)), as: UTF8.self)
  }

  @Test func valuesComeByEnvironmentAndInput() async throws {
    try await withFolder { folder in
      var facts = NoticeFacts.sample()
      facts.matrixRow = "tenant=acme"
      facts.fault = "$(touch \(folder)/evil); `id` \"quoted\""
      let delivery = try await run(
        "cat > \"$1/input\"; printf %s \"$TIDEMARK_FAULT\" > \"$1/fault\"; env > \"$1/env\"",
        arguments: [folder], .sample(facts: facts))
      #expect(delivery == .delivered)
      #expect(try text("\(folder)/fault") == facts.fault)
      let input = try JSONValue(parsing: try text("\(folder)/input"))
      #expect(input["fault"]?.stringValue == facts.fault && input["id"]?.stringValue == "r0123:failure:0")
      #expect(access("\(folder)/evil", F_OK) != 0)
      let lines = try text("\(folder)/env").split(separator: "\n")
      #expect(lines.contains("TIDEMARK_JOB=daily") && lines.contains("TIDEMARK_MATRIX_ROW=tenant=acme"))
      let names = lines.map { $0.prefix { $0 != "=" } }
      #expect(names.contains("TIDEMARK_JOB") && !names.contains("TIDEMARK_STATE"))
    }
  }

  @Test func endingsDecide() async throws {
    #expect(try await run("exit 0") == .delivered)
    let failed = try await run("echo went wrong >&2; exit 3")
    #expect(failed.fault?.code == "command_failed" && failed.isTransient)
    #expect(failed.fault?.cause?.contains("went wrong") == true)
    #expect(failed.fault?.sentence.contains("status 3") == true)
    #expect(try await run("kill -9 $$").fault?.sentence.contains("signal 9") == true)
    for name in ["/nowhere/at/all", "no-such-program-here", ""] {
      let courier = try Courier.sample()
      let delivery = await courier.deliver(.sample(), to: .command([name], timeout: .seconds(5)))
      #expect(delivery.fault?.code == "no_such_command" && delivery.isPermanent)
    }
    #expect(try await Courier.sample().deliver(.sample(), to: .command([], timeout: .zero)).isPermanent)
  }

  /// A program that hangs and ignores the polite signal, and one that ends by it; each has a child that would outlive it.
  @Test(arguments: [
    "trap '' TERM; sleep 1000 & echo $! > \"$1/child\"; wait; while :; do sleep 1000; done",
    "(trap '' TERM; exec sleep 1000) & echo $! > \"$1/child\"; wait",
  ])
  func theTimeoutEndsTheWholeGroup(_ script: String) async throws {
    try await withFolder { folder in
      let delivery = try await run(script, timeout: .milliseconds(500), arguments: [folder])
      #expect(delivery.fault?.code == "command_timeout" && delivery.isTransient)
      let child = try #require(Int32(try text("\(folder)/child").split(separator: "\n")[0]))
      // Gone, or dead and not yet waited for by init; otherwise this ends by the time limit.
      while try isAlive(child) { await Task.yield() }
    }
  }

  @Test func aLongTextIsWholeOnStandardInput() async throws {
    var facts = NoticeFacts.sample()
    facts.fault = String(repeating: "größer ", count: 50_000)
    #expect(
      try await run("test $(wc -c) -gt 350000 && test ${#TIDEMARK_FAULT} -lt 40000", .sample(facts: facts))
        == .delivered)
  }

  @Test func aStopEndsTheWholeGroup() async throws {
    try await withFolder { folder in
      let attempt = Task {
        try await run(
          "sleep 1000 & echo $! > \"$1/new\"; mv \"$1/new\" \"$1/child\"; wait", arguments: [folder])
      }
      while access("\(folder)/child", F_OK) != 0 { await Task.yield() }
      attempt.cancel()
      #expect(try await attempt.value == .stopped)
      let child = try #require(Int32(try text("\(folder)/child").split(separator: "\n")[0]))
      while try isAlive(child) { await Task.yield() }
    }
  }

  private func isAlive(_ process: Int32) throws -> Bool {
    do {
      return try !text("/proc/\(process)/stat").contains(") Z ")
    } catch let fault as Fault where ["file_not_found", "io_error"].contains(fault.code) {
      return false
    }
  }
}
