import Model
import ProjectRig
import Testing

/// Several projects may keep their runs in one state: none does anything to another's.
@Suite(.timeLimit(.minutes(2))) struct SharedStateTests {
  @Test func runsAreGoneOnWithInTheirOwnProject() async throws {
    try await TidemarkProject.with { project in
      try project.write("other.yaml", project.file().replacing("project: test", with: "project: other"))
      try project.write(
        "jobs/wares.yaml",
        """
        source: {connection: db, table: wares}
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: db, name: result, mode: replace, create: true}}

        """)
      let failed = try await project.run(["run", "wares"])
      #expect(failed.status == 3, "\(failed.output)")
      try await project.sql("CREATE TABLE wares AS SELECT 1 AS n")
      let runs = try JSONValue(parsing: await project.run(["history", "--json"]).output)["runs"]?.elements
      let id = try #require(runs?.first?["run"]?.stringValue)
      for words in [
        ["resume", id, "--dry-run"], ["resume", id], ["cancel", id], ["results", id],
      ] {
        let told = try await project.run(words + ["--config", project.path("other.yaml")])
        #expect(
          told.status == 3 && told.output.contains("belongs to project test"), "\(words): \(told.output)")
      }
      #expect(try await project.run(["resume", id]).status == 0)
      #expect(try await project.rows("SELECT rows::text FROM result") == [["1"]])
    }
  }
}
