import Glibc
import ProjectRig
import Runtime
import Testing

/// A password is in no output, no log, no state file, no error, no output file and no session's facts.
@Suite(.timeLimit(.minutes(5))) struct SecretTests {
  private static let canary = "c4nary-p4ss"
  /// As it stands in a URI, and in base64.
  private static let spellings = [canary, "c4nary%2Dp4ss", "YzRuYXJ5LXA0c3M"]

  private static func job(_ project: TidemarkProject) -> String {
    let notices = project.path("notices")
    return """
      version: 1
      job: secret
      interval: {span: day}
      source: {connection: db, table: amounts}
      process:
        - pseudonymise: {take: {who: kind}, key: "${env.PEPPER}"}
      aggregate:
        group_by: [who]
        measures: {n: count(*)}
      store:
        - table: {connection: db, name: result, mode: replace, create: true}
        - file: {path: secret.csv}
      errors: {retry: {initial: 1ms, give_up_after: 1ms}}
      notify:
        - {events: [success, failure], command: ["/bin/sh", "-c", "env >> \(notices); cat >> \(notices)"]}

      """
  }

  @Test func nowhereToBeSeen() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE amounts AS SELECT 'a' AS kind, 1.5 AS amount")
      try project.write("jobs/secret.yaml", Self.job(project))
      let environment = ["DB_PASSWORD": Self.canary, "PEPPER": Self.canary]
      var said = ""
      let connections = [
        // A good one, the wrong host with a password in a URI and in words, and words that libpq cannot read.
        project.database + " password=${env.DB_PASSWORD}",
        "postgresql://me:${env.DB_PASSWORD}@localhost:1/db",
        "host=/nonexistent user=me password=${env.DB_PASSWORD} dbname=x",
        "host=/nonexistent user=me password='${env.DB_PASSWORD} dbname=x",
        "postgresql://me:${env.DB_PASSWORD}@local host:1:1/db",
      ]
      for (number, connection) in connections.enumerated() {
        try project.write(
          "tidemark.yaml",
          "version: 1\nproject: test\nconnections: {db: {url: \"\(connection)\", search_path: [public]}}\ndefaults: {timezone: UTC}\n"
        )
        for command in [
          ["run", "secret", "-v", "-v", "--for", "2026-03-0\(number + 1)"],
          [
            "run", "secret", "--json", "--for", "2026-03-0\(number + 1)", "--again", "--log-file",
            project.path("log"),
          ],
          ["plan", "secret", "--for", "2026-03-14"], ["status"], ["history", "--json"], ["show", "secret"],
          ["show", "secret", "--json"], ["validate"],
        ] {
          let run = try await project.run(command, environment: environment)
          if number == 0 { #expect(run.status == 0, "\(command): \(run.output)") }
          if number > 0, command[0] == "run" { #expect(run.status == 6 || run.status == 3, "\(run.output)") }
          said += run.output
        }
      }
      for spelling in Self.spellings { #expect(!said.contains(spelling)) }
      #expect(try project.read("notices") != nil)
      for name in ["log", "notices", "out/secret.csv"] + (try files(in: ".tidemark", project)) {
        let bytes = try #require(try project.read(name), "\(name)")
        for spelling in Self.spellings {
          #expect(!String(decoding: bytes, as: Unicode.ASCII.self).contains(spelling), "\(name)")
        }
      }
    }
  }

  /// What is written out in a file is warned of, and not shown where a fault points at its line.
  @Test(arguments: [
    "db: {url: 'postgresql://me:CANARY@localhost:1/x', ledgr: a}",
    "db: {url: \"host=localhost password=CANARY user=me\", max_connections: x}",
    "db: [\"host=localhost password = 'CANARY'\"]",
    "db: \"postgresql://me:CANARY@[::1/x\"",
    "db: {url: 'postgresql://${env.USER:-me}:CANARY/@CANARY@localhost:1/x', bogus: a}",
    "db: {host: localhost, password: CANARY}",
    "db: dbname=x}\nnotifiers: {ops: {webhook: {url: 'https://hooks.example.org/services/CANARY', formt: slack}}",
    "db: dbname=x}\nnotifiers: {ops: {webhook: {url: 'https://example.org', headers: {Authorization: [Bearer CANARY]}}}",
    "db: dbname=x}\nnotifiers: {ops: {mail: {to: a@b.org, server: 'smtps://me:CANARY@mail.example.org', too: x}}",
  ]) func writtenOutInALineAtFault(connections: String) async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/secret.yaml", Self.job(project))
      try project.write(
        "tidemark.yaml",
        "connections: {\(connections.replacing("CANARY", with: Self.canary))}\ndefaults: {timezone: UTC}\n")
      for command in [["validate"], ["validate", "--json"], ["run", "secret", "--for", "2026-03-01"]] {
        let told = try await project.run(command, environment: ["PEPPER": "a pepper"])
        #expect(told.output.contains("secret_in_file") || told.output.contains("error"), "\(told.output)")
        #expect(!told.output.contains(Self.canary), "\(told.output)")
      }
    }
  }

  @Test func writtenOutKeyOfPseudonymise() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/secret.yaml", Self.job(project).replacing("${env.PEPPER}", with: Self.canary))
      let told = try await project.run(["validate"])
      #expect(told.status == 3 && told.output.contains("error[secret_in_file]"), "\(told.output)")
      #expect(!told.output.contains(Self.canary), "\(told.output)")
    }
  }

  private func files(in folder: String, _ project: TidemarkProject) throws -> [String] {
    var found: [String] = []
    for name in try FolderTree.names(in: project.path(folder)) {
      var facts = stat()
      let path = "\(folder)/\(name)"
      try #require(lstat(project.path(path), &facts) == 0)
      // Nobody else may read the state.
      #expect(facts.st_mode & 0o077 == 0, "\(path)")
      if facts.st_mode & S_IFMT == S_IFDIR {
        found += try files(in: path, project)
      } else {
        found.append(path)
      }
    }
    return found
  }
}
