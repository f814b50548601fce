internal import Model
internal import StateStore

/// `tidemark state`: looks for damage in the state store, or gives space back.
enum StateCommand {
  static let spec = CommandSpec(
    name: "state", summary: "Check the state store for damage, or compact it",
    operands: [.init(name: "check|compact", help: "check changes nothing; compact gives space back")],
    example: "tidemark state check",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let store = try await ProjectContext(invocation).openStore()
    switch invocation.operands[0] {
    case "check":
      let findings = try await store.check()
      await store.close()
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([.init("findings", .array(findings.map(JSONValue.string)))]).prettyText)
      } else {
        for finding in findings.isEmpty ? ["\(store.location) is in order"] : findings {
          Terminal.print(finding)
        }
      }
      return findings.isEmpty ? .ok : .runFailed
    case "compact":
      try await store.compact()
      await store.close()
      Terminal.print("\(store.location) is compacted")
      return .ok
    default:
      throw Fault(
        "bad_value", .usage, "`tidemark state` does not know `\(invocation.operands[0])`",
        hint: "It knows check and compact")
    }
  }
}
