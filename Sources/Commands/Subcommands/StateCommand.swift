internal import Model
internal import StateStore

/// `tidemark state`: looks for damage in the state store, brings its layout up to date, or gives space
/// back.
enum StateCommand {
  static let spec = CommandSpec(
    name: "state", summary: "Check the state store for damage, migrate or compact it",
    discussion: """
      check     looks for damage, and changes nothing
      migrate   brings the layout up to date, as every command does that opens the state
      compact   gives space back
      """,
    operands: [.init(name: "check|migrate|compact", help: "what to do")],
    example: "tidemark state check",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let action = invocation.operands[0]
    guard ["check", "migrate", "compact"].contains(action) else {
      throw Fault(
        "bad_value", .usage, "`tidemark state` does not know `\(action)`",
        hint: "It knows check, migrate and compact")
    }
    let context = try ProjectContext(invocation)
    let store = try await action == "check" ? context.openStoreToRead() : context.openStore()
    switch action {
    case "check":
      if store.isAbsent { throw Store.absent(store.location) }
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
    case "migrate":
      // Opening has done it, one process at a time.
      await store.close()
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([
            .init("state", .string(store.location)), .init("layout", .integer(Store.layout)),
          ]).prettyText)
      } else {
        Terminal.print("\(store.location) has layout \(Store.layout), the newest that this version knows")
      }
      return .ok
    default:
      try await store.compact()
      await store.close()
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([
            .init("state", .string(store.location)), .init("compacted", .boolean(true)),
          ]).prettyText)
      } else {
        Terminal.print("\(store.location) is compacted")
      }
      return .ok
    }
  }
}
