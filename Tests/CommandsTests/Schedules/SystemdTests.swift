import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// The unit files, before systemd's own judge, and what installs them.
@Suite(.timeLimit(.minutes(5))) struct SystemdTests {
  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try project.write(
        "jobs/daily.yaml",
        """
        version: 1
        schedule: "15 2 * * *"
        source: {connection: db, table: sales}
        aggregate: {measures: {n: count(*)}}
        store: [{file: {path: n.csv}}]

        """)
      for folder in ["units", "xdg"] { mkdir(project.path(folder), 0o755) }
      try await body(project)
    }
  }

  /// What `systemd-analyze` says; `.ci/install` installs it with Debian's package `systemd`.
  private static func analyze(_ project: TidemarkProject, _ arguments: [String]) async throws -> ProgramRun {
    let output = project.path(".analyzed")
    unlink(output)
    let process = try ChildProcess(
      ["/usr/bin/systemd-analyze"] + arguments,
      environment: ["PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": project.path("xdg"), "LANG": "C.UTF-8"],
      output: output)
    return try await project.end(of: process, output: output)
  }

  @Test(arguments: ["scheduler", "daily"], [false, true])
  func systemdAcceptsTheUnits(what: String, isUser: Bool) async throws {
    try await Self.with { project in
      // Whatever a path may hold, it reaches the command line as it is.
      let odd = "odd 50% \"$HOME\" \\n.yaml"
      try project.write(odd, "version: 1\noutput: \"results 1%\"\n")
      let user = isUser ? ["--user"] : []
      let done = try await project.run(
        [
          "systemd", "install", what, "--to", project.path("units"), "--credential", "pepper:/etc/pepper",
          "--encrypted-credential", "salt", "--config", project.path("tidemark.yaml"), "--config",
          project.path(odd),
        ] + user)
      try #require(done.status == 0, "\(done.output)")
      let names =
        what == "scheduler" ? ["tidemark.service"] : ["tidemark-daily.service", "tidemark-daily.timer"]
      let paths = names.map { project.path("units/\($0)") }
      let verified = try await Self.analyze(project, user + ["verify"] + paths)
      // A line of it is a word of warning: an unknown key, say.
      #expect(verified.status == 0 && verified.output.isEmpty, "\(verified.output)")
      if isUser { return }
      let exposure = try await Self.analyze(
        project, ["security", "--offline=true", "--no-pager", "--threshold=20", paths[0]])
      #expect(exposure.status == 0, "\(exposure.output.suffix(200))")
    }
  }

  @Test func theServiceIsWhatItIsSaidToBe() async throws {
    try await Self.with { project in
      let scheduler = try await project.run([
        "systemd", "print", "scheduler", "--credential", "pepper:/etc/pepper",
      ]).output.split(separator: "\n")
      for line in [
        "Type=notify", "WatchdogSec=5min", "DynamicUser=yes", "StateDirectory=tidemark",
        "ProtectSystem=strict", "LoadCredential=pepper:/etc/pepper", "CapabilityBoundingSet=",
        "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'", "ReadWritePaths=\"-\(project.folder)/out\"",
      ] {
        #expect(scheduler.contains(Substring(line)))
      }
      let own = try await project.run(["systemd", "print", "scheduler", "--run-as", "batch"]).output
      #expect(own.contains("\nUser=batch\n") && !own.contains("DynamicUser"))
      let user = try await project.run(["systemd", "print", "scheduler", "--user"]).output
      #expect(user.contains("WantedBy=default.target") && !user.contains("User="))
      let database = try await project.run([
        "systemd", "print", "scheduler", "--state", "postgres://me:secret@host/db",
      ])
      #expect(database.status == 2 && !database.output.contains("secret"), "\(database.output)")
    }
  }

  /// The state's own secret is one that only the service has.
  @Test(arguments: ["\n", "\r\n"])
  func credentialsThatTheProjectUsesAreLoaded(_ lineEnd: String) async throws {
    try await Self.with { project in
      let file = project.file(
        "state: \"${credential.state}\"\nnotifiers: {ops: {webhook: {url: \"https://x/$${credential.no}\"}}}\n"
      )
      try project.write("tidemark.yaml", ("# A remark\n" + file).replacing("\n", with: lineEnd))
      let print = try await project.run(["systemd", "print", "scheduler"])
      #expect(print.output.contains("\nLoadCredential=state\n"), "\(print.output)")
      #expect(!print.output.contains("LoadCredential=no"))
      let named = try await project.run(["systemd", "print", "scheduler", "--encrypted-credential", "state"])
      #expect(named.output.contains("\nLoadCredentialEncrypted=state\n"))
      #expect(!named.output.contains("\nLoadCredential=state\n"))
    }
  }

  @Test func installingReplacesNothingButItsOwnFiles() async throws {
    try await Self.with { project in
      let install = ["systemd", "install", "daily", "--to", project.path("units")]
      let service = "units/tidemark-daily.service"
      let first = try await project.run(install)
      #expect(first.status == 0 && first.output.contains("wrote \(project.path(service))"), "\(first.output)")
      #expect(first.output.contains("systemctl enable --now tidemark-daily.timer"))
      let again = try await project.run(install + ["--json"])
      #expect(again.output.components(of: "\"did\": \"unchanged\"") == 2, "\(again.output)")
      // A change of what is asked for is a change of our own file.
      let changed = try await project.run(install + ["--credential", "pepper"])
      #expect(changed.output.contains("replaced \(project.path(service))"), "\(changed.output)")
      #expect(changed.output.contains("unchanged \(project.path("units/tidemark-daily.timer"))"))

      // Somebody's line in the timer keeps the service, too, as it was.
      let before = try #require(try project.read(service))
      let timer = String(
        decoding: try #require(try project.read("units/tidemark-daily.timer")), as: UTF8.self)
      try project.write("units/tidemark-daily.timer", timer + "RandomizedDelaySec=30\n")
      let refused = try await project.run(install)
      #expect(refused.status == 8 && refused.output.contains("error[unit_not_ours]"), "\(refused.output)")
      #expect(refused.output.contains("changed after Tidemark had written it"))
      #expect(try project.read(service) == before)
      #expect(try await project.run(install + ["--force"]).status == 0)

      try project.write(service, "[Service]\nExecStart=/bin/true\n")
      let foreign = try await project.run(install)
      #expect(foreign.status == 8 && foreign.output.contains("was not written by Tidemark"))
      #expect(try await project.run(install + ["--name", "nightly"]).status == 0)
      #expect(try project.read("units/nightly-daily.timer") != nil)
    }
  }

  /// What the service cannot read or will not have is told before it is started.
  @Test func whatTheServiceLacksIsWarnedOf() async throws {
    try await Self.with { project in
      try project.write(
        "tidemark.yaml",
        project.file("# ${env.REMARK}\nnotifiers: {ops: {webhook: {url: \"${env.OPS_URL:-x}\"}}}\n"))
      let install = ["systemd", "install", "scheduler", "--to", project.path("units")]
      // A test's folder is for its own user alone.
      let told = try await project.run(install)
      #expect(told.status == 0, "\(told.output)")
      for text in ["warning[service_cannot_read]", "`\(project.path("tidemark.yaml"))`", "${env.OPS_URL}"] {
        #expect(told.output.contains(text), "\(text) in \(told.output)")
      }
      #expect(!told.output.contains("REMARK"))
      chmod(project.folder, 0o755)
      for name in ["tidemark.yaml", "jobs/daily.yaml"] { chmod(project.path(name), 0o644) }
      mkdir(project.path("units/tidemark.service.d"), 0o755)
      try project.write("units/tidemark.service.d/local.conf", "[Service]\nEnvironment=OPS_URL=y\n")
      let json = try JSONValue(parsing: await project.run(install + ["--json"]).output)
      let sentences = try #require(json["warnings"]?.elements).compactMap { $0["sentence"]?.stringValue }
      // The program itself may lie where others may not go.
      #expect(
        !sentences.contains { $0.contains(project.folder) || $0.contains("OPS_URL") }, "\(json.prettyText)")
    }
  }

  @Test func aUsersUnitsGoIntoTheUsersFolder() async throws {
    try await Self.with { project in
      let done = try await project.run(["systemd", "install", "scheduler", "--user"])
      #expect(done.status == 0, "\(done.output)")
      // The program's home is the project's folder.
      #expect(try project.read(".config/systemd/user/tidemark.service") != nil)
      #expect(done.output.contains("systemctl --user daemon-reload"))
    }
  }

  @Test(arguments: [
    (["systemd", "instal", "daily"], "Did you mean `install`?"),
    (["systemd", "print", "dayly"], "Did you mean `daily`?"),
    (["systemd", "install", "daily", "--to", "/nowhere"], "Make it first"),
    (["systemd", "print", "daily", "--name", "a b"], "letters, digits"),
    (["systemd", "print", "daily", "--credential", "pepper:relative"], "absolute path"),
  ])
  func whatCannotBeDoneIsSaid(arguments: [String], hint: String) async throws {
    try await Self.with { project in
      let said = try await project.run(arguments)
      #expect(said.status != 0 && said.output.contains(hint), "\(said.output)")
    }
  }
}

extension String {
  /// How often `part` stands in the text.
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
