import Glibc
import ProjectRig
import Testing

/// What `tidemark init` writes is a project that runs.
@Suite(.timeLimit(.minutes(5))) struct InitTests {
  @Test func initMakesAProjectThatRuns() async throws {
    try await TidemarkProject.with { project in
      let made = try await project.run(
        ["init", project.path("new")], behind: ["/bin/sh", "-c", "umask 022; exec \"$@\"", "sh"])
      #expect(made.status == 0 && made.output.contains("wrote"), "\(made.output)")
      let twice = try await project.run(["init", project.path("new")])
      #expect(twice.status == 8 && twice.output.contains("error[file_exists]"), "\(twice.output)")
      for name in ["tidemark.yaml", "jobs/relation-sizes.yaml", ".gitignore"] {
        var facts = stat()
        #expect(stat(project.path("new/" + name), &facts) == 0 && facts.st_mode & 0o777 == 0o644, "\(name)")
      }
      for name in ["tidemark.yaml", "jobs/relation-sizes.yaml"] {
        let text = try #require(try project.read("new/" + name))
        try project.write(name, String(decoding: text, as: UTF8.self))
      }
      // Where DATABASE is not set, libpq's own variables count.
      let names = ["host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"]
      var variables: [String: String] = [:]
      for word in project.database.split(separator: " ") {
        let parts = word.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != "'" } }
        if parts.count == 2, let name = names[parts[0]] { variables[name] = parts[1] }
      }
      try #require(variables.count == 4, "\(project.database)")
      for environment in [["DATABASE": project.database], variables, variables] {
        let run = try await project.run(["run", "relation-sizes"], environment: environment)
        #expect(run.status == 0, "\(run.output)")
      }
      let file = try #require(try project.read("out/relation-sizes.csv"))
      #expect(String(decoding: file, as: UTF8.self).contains("pg_catalog"))
    }
  }
}
