internal import Model

/// `tidemark completions`: what a shell needs to complete command lines, made from the commands' specs.
enum CompletionsCommand {
  enum Shell: String, CaseIterable { case bash, zsh, fish }

  static let spec = CommandSpec(
    name: "completions", summary: "Print completions for bash, zsh or fish",
    operands: [.init(name: "bash|zsh|fish", help: "the shell")],
    example: "source <(tidemark completions bash)",
    run: { invocation in
      guard let shell = Shell(rawValue: invocation.operands[0]) else {
        throw Fault(
          "bad_value", .usage, "There are no completions for `\(invocation.operands[0])`",
          hint: DidYouMean.hint(for: invocation.operands[0], among: Shell.allCases.map(\.rawValue))
            ?? "There are some for bash, zsh and fish")
      }
      let script = CompletionScript(commands: Tool.commands.filter { !$0.isHidden })
      let text =
        switch shell {
        case .bash: script.bash
        case .zsh: script.zsh
        case .fish: script.fish
        }
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([.init("shell", .string(shell.rawValue)), .init("script", .string(text))])
            .prettyText)
      } else {
        Terminal.print(text)
      }
      return .ok
    })
}
