internal import Model

/// `tidemark version`.
enum VersionCommand {
  static let spec = CommandSpec(
    name: "version", summary: "Print the version", example: "tidemark version",
    run: { invocation in
      if invocation.has("json") {
        Terminal.print(JSONValue.object([.init("version", .string(Tool.version))]).prettyText)
      } else {
        Terminal.print("tidemark \(Tool.version)")
      }
      return .ok
    })
}
