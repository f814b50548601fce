internal import Model

/// The scripts: commands first, then each command's options and first words, and the names of jobs.
struct CompletionScript {
  var commands: [CommandSpec]

  /// `list|show` of an operand that is one of a few words, or one word.
  private static func words(_ spec: CommandSpec) -> [String] {
    guard let first = spec.operands.first?.name, first == first.lowercased() else { return [] }
    return first.split(separator: "|").map(String.init)
  }

  private static func takesJob(_ spec: CommandSpec) -> Bool {
    spec.operands.contains { $0.name.contains("JOB") }
  }

  private static func options(_ spec: CommandSpec) -> [String] { spec.allOptions.map { "--\($0.name)" } }

  var bash: String {
    let cases = commands.map { spec in
      var words = CompletionScript.words(spec).joined(separator: " ")
      if CompletionScript.takesJob(spec) { words += " $(_tidemark_jobs)" }
      return
        "    \(spec.name)) words=\"\(words)\"; options=\"\(CompletionScript.options(spec).joined(separator: " "))\" ;;"
    }
    return """
      # bash completion for tidemark: source <(tidemark completions bash)
      _tidemark_jobs() {
        local file
        for file in jobs/*.yaml jobs/*.yml; do [ -e "$file" ] && file="${file##*/}" && printf '%s ' "${file%.*}"; done
      }
      _tidemark() {
        local current="${COMP_WORDS[COMP_CWORD]}" words="" options=""
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W "\(commands.map(\.name).joined(separator: " "))" -- "$current"))
          return
        fi
        case "${COMP_WORDS[1]}" in
      \(cases.joined(separator: "\n"))
        esac
        if [[ "$current" == -* ]]; then words="$options"; fi
        COMPREPLY=($(compgen -W "$words" -- "$current"))
      }
      complete -o default -F _tidemark tidemark
      """
  }

  var zsh: String {
    """
    #compdef tidemark
    # zsh completion for tidemark: source <(tidemark completions zsh)
    autoload -U +X bashcompinit && bashcompinit
    \(bash)
    """
  }

  var fish: String {
    var lines = [
      "# fish completion for tidemark: tidemark completions fish | source",
      "function __tidemark_jobs; for file in jobs/*.yaml jobs/*.yml; basename $file | string replace -r '\\.ya?ml$' ''; end; end",
    ]
    for spec in commands {
      lines.append(
        "complete -c tidemark -f -n __fish_use_subcommand -a \(spec.name) -d '\(quoted(spec.summary))'")
      let seen = "-n '__fish_seen_subcommand_from \(spec.name)'"
      for word in CompletionScript.words(spec) { lines.append("complete -c tidemark -f \(seen) -a \(word)") }
      if CompletionScript.takesJob(spec) {
        lines.append("complete -c tidemark -f \(seen) -a '(__tidemark_jobs)'")
      }
      for option in spec.allOptions {
        let value = option.value == nil ? "" : " -r"
        let short = option.short.map { " -s \($0)" } ?? ""
        lines.append(
          "complete -c tidemark \(seen) -l \(option.name)\(short)\(value) -d '\(quoted(option.help))'")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Within single quotes of fish.
  private func quoted(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
  }
}
