import CaseFiles
import ProjectRig
import Testing

/// The documents name only commands and options that the program has; `failpoints` is there for crash tests
/// and not in the overview.
@Suite(.timeLimit(.minutes(5))) struct HelpTests {
  @Test func documentsNameWhatThereIs() async throws {
    try await TidemarkProject.with { project in
      let overview = try await project.run(["--help"])
      let commands = overview.output.split(separator: "\n").compactMap { line in
        line.hasPrefix("  ") ? line.split(separator: " ").first.map(String.init) : nil
      }
      try #require(commands.contains("run") && commands.contains("systemd"), "\(overview.output)")
      var help: [String: String] = [:]
      for command in commands {
        let text = try await project.run([command, "--help"])
        #expect(text.status == 0 && text.output.contains("Example:"), "\(command): \(text.output)")
        help[command] = text.output
      }
      var uses = 0
      for file in [
        "README.md", "docs/jobs.md", "docs/operations.md", "docs/states.md", "docs/differences.md",
      ] {
        for match in try Checkout.text(file).matches(of: /`?tidemark ([a-z]+)([^`\n|#;]*)/)
        where commands.contains(String(match.1)) || match.0.hasPrefix("`") && match.1 != "failpoints" {
          let known = try #require(help[String(match.1)], "\(file): \(match.0)")
          for option in match.2.matches(of: /--[a-z-]+/) {
            uses += 1
            #expect(known.contains(option.0), "\(file): `\(match.0)` has no \(option.0)")
          }
        }
      }
      #expect(uses > 5)
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionsNameEveryCommand(_ shell: String) async throws {
    try await TidemarkProject.with { project in
      let script = try await project.run(["completions", shell])
      #expect(script.status == 0)
      for name in ["verify", "quarantine", "resume", "--dry-run", "replay"] {
        #expect(script.output.contains(name.hasPrefix("--") && shell == "fish" ? "-l dry-run" : name))
      }
      let told = try await project.run(["completions", shell, "--json"])
      #expect(told.status == 0 && told.output.contains("\"shell\": \"\(shell)\""), "\(told.output)")
      let grants = try await project.run(["grants", "--role", "reporter", "--json"])
      #expect(grants.status == 0 && grants.output.contains("\"statements\": ["), "\(grants.output)")
    }
  }
}
