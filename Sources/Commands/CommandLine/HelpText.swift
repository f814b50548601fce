/// The text of `--help`, made from a command's spec, so that help and parser cannot disagree.
struct HelpText {
  var spec: CommandSpec

  var text: String {
    var usage = "Usage: tidemark \(spec.name)"
    for operand in spec.operands {
      var name = operand.name
      if operand.isRepeatable { name += "..." }
      usage += operand.isRequired ? " \(name)" : " [\(name)]"
    }
    var lines = [usage + " [options]", "", spec.summary + "."]
    if !spec.discussion.isEmpty { lines += ["", spec.discussion] }
    if !spec.operands.isEmpty {
      lines += [""] + HelpText.columns(spec.operands.map { ($0.name, $0.help) })
    }
    if !spec.options.isEmpty {
      lines += ["", "Options:"] + HelpText.columns(spec.options.map(HelpText.row))
    }
    lines += ["", "Options of every command:"] + HelpText.columns(CommandSpec.common.map(HelpText.row))
    lines += ["", "Example:", "  " + spec.example]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The text of `tidemark` without a command.
  static func overview(_ commands: [CommandSpec]) -> String {
    var lines = [
      "Tidemark runs scheduled batch jobs over Postgres: jobs/*.yaml in, exact aggregates out.", "",
      "Usage: tidemark COMMAND [options]", "",
    ]
    lines += columns(commands.filter { !$0.isHidden }.map { ($0.name, $0.summary) })
    lines += ["", "`tidemark COMMAND --help` says more. New here? `tidemark demo`"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ option: OptionSpec) -> (String, String) {
    var left = option.short.map { "-\($0), " } ?? "    "
    left += "--\(option.name)"
    if let value = option.value { left += " \(value)" }
    return (left, option.help)
  }

  private static func columns(_ rows: [(String, String)]) -> [String] {
    let width = min(rows.map(\.0.count).max() ?? 0, 32)
    return rows.map { left, right in
      left.count > width
        ? "  \(left)\n  \(String(repeating: " ", count: width + 2))\(right)"
        : "  \(left)\(String(repeating: " ", count: width - left.count + 2))\(right)"
    }
  }
}
