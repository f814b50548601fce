import Model
import ProjectRig
import Testing

/// A job goes by its name, its file's name and its file's path, with every command alike.
@Suite(.timeLimit(.minutes(5))) struct JobNameTests {
  private static let job = """
    version: 1
    job: counted
    matrix: [{tenant: acme}, {tenant: globex}]
    source: {connection: db, table: wares}
    aggregate: {measures: {rows: count(*)}}
    store: {file: {path: "${matrix.tenant}.csv"}}

    """

  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE wares AS SELECT generate_series(1, 5) AS n")
      try project.write("jobs/file.yaml", job)
      try await body(project)
    }
  }

  private static let rowCommands = [
    ["show"], ["report"], ["results"], ["verify"], ["audit"], ["history"], ["status"], ["plan"],
    ["quarantine", "list"],
  ]

  @Test func everyCommandTakesEachOfItsNames() async throws {
    try await Self.with { project in
      let run = try await project.run(["run", "file"])
      try #require(run.status == 0, "\(run.output)")
      for command in Self.rowCommands {
        let told = try await project.run(command + ["counted[tenant=acme]"])
        // A file is nothing that SQL can look into.
        #expect((told.status == 0) == (command != ["verify"]), "\(told.output)")
        for name in ["file[tenant=acme]", "jobs/file.yaml[tenant=acme]"] {
          let alike = try await project.run(command + [name])
          #expect(alike.status == told.status, "\(command) \(name): \(alike.output)")
          #expect(Self.timeless(alike.output) == Self.timeless(told.output))
        }
      }
      for command in ["resume", "cancel"] {
        for name in ["counted", "file", "jobs/file.yaml"] {
          let none = try await project.run([command, name])
          #expect(
            none.status == 3 && none.output.contains("Job counted has no unfinished run"), "\(none.output)")
        }
      }
      for name in ["counted", "file", "jobs/file.yaml"] {
        let none = try await project.run(["quarantine", "show", name])
        #expect(
          none.status == 3 && none.output.contains("Job counted has no run with rejected rows"),
          "\(none.output)")
      }
    }
  }

  /// The rows that there are instead are no way on for it.
  @Test func aRunWhoseRowIsGoneCanBeEnded() async throws {
    try await Self.with { project in
      let killed = try await project.run(
        ["run", "counted[tenant=globex]"], failpoint: "plan.saved:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      try project.write("jobs/file.yaml", Self.job.replacing("{tenant: globex}", with: "{tenant: hooli}"))
      let line = try await project.run(["history", "-q"])
      let id = try #require(line.output.split { $0 == " " || $0 == "\n" }.last { $0.hasPrefix("r1") })
      let told = try await project.run(["resume", String(id)])
      #expect(
        told.status != 0 && told.output.contains("end the run with `tidemark cancel \(id)`"), "\(told.output)"
      )
      let ended = try await project.run(["cancel", String(id)])
      #expect(ended.status == 0, "\(ended.output)")
    }
  }

  /// What passes between two looks.
  private static func timeless(_ text: String) -> String {
    text.replacing(#/[0-9.]+ (ms|s) ago/#, with: "ago")
  }

  @Test func aRowThatThereIsNotIsNoEmptyHistory() async throws {
    try await Self.with { project in
      for command in Self.rowCommands + [["resume"], ["cancel"], ["quarantine", "show"], ["run"]] {
        let told = try await project.run(command + ["counted[tenant=acm]"])
        #expect(told.status == 2 && told.output.contains("error[unknown_matrix_row]"), "\(told.output)")
        #expect(told.output.contains("hint: Did you mean `tenant=acme`?"), "\(told.output)")
      }
    }
  }

  @Test func twoFilesOfOneJobAreRefusedByEachOfTheirNames() async throws {
    try await Self.with { project in
      let run = try await project.run(["run", "file"])
      try #require(run.status == 0, "\(run.output)")
      try project.write("jobs/twin.yaml", Self.job)
      for command in Self.rowCommands + [["resume"], ["cancel"], ["run"], ["pause"], ["tick"], ["validate"]] {
        for name in ["counted", "file", "twin", "jobs/twin.yaml"] {
          let told = try await project.run(command + [name])
          #expect(
            told.status == 3 && told.output.contains("are both named counted"),
            "\(command) \(name): \(told.output)")
        }
      }
    }
  }

  /// A file of the job's name that holds another job by now is not the run's.
  @Test func aRunKeepsToItsOwnJob() async throws {
    try await Self.with { project in
      let run = try await project.run([
        "run", "file[tenant=acme]", "--json", "--log-file", project.path("log"),
      ])
      try #require(run.status == 0, "\(run.output)")
      let id = try #require(try JSONValue(parsing: run.output)["run"]?.stringValue)
      try project.write("jobs/file.yaml", Self.job.replacing("job: counted", with: "job: renamed"))
      let left = try await project.run(["history", "counted"])
      #expect(left.status == 0 && left.output.contains(id), "\(left.output)")
      try project.write("jobs/counted.yaml", Self.job.replacing("job: counted", with: "job: other"))
      let results = try await project.run(["results", id])
      #expect(
        results.status == 3 && results.output.contains("error[unknown_job]: There is no job counted"),
        "\(results.output)")
    }
  }
}
