import ProjectRig
import Testing

/// A program that is started without the three standard files, or whose output has no room, is not misled by it.
@Suite(.timeLimit(.minutes(2))) struct ClosedOutputTests {
  private static func shell(_ redirection: String) -> [String] {
    ["/bin/sh", "-c", "exec \"$@\" \(redirection)", "sh"]
  }

  @Test(arguments: [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
  func closedFilesStopNoRun(redirection: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE wares AS SELECT 1 AS n")
      try project.write(
        "jobs/wares.yaml",
        """
        source: {connection: db, table: wares}
        aggregate: {measures: {rows: count(*)}}
        store: {file: {path: wares.csv}}

        """)
      let run = try await project.run(["run", "wares", "-v"], behind: Self.shell(redirection))
      #expect(run.status == 0, "\(run.output)")
      #expect(try project.read("out/wares.csv").map { String(decoding: $0, as: UTF8.self) } == "rows\n1\n")
      let check = try await project.run(["state", "check"])
      #expect(check.status == 0, "\(check.output)")
    }
  }

  @Test func lostOutputIsNoSuccess() async throws {
    try await TidemarkProject.with { project in
      for redirection in [">/dev/full", ">&-"] {
        for words in [["schema"], ["explain", "--json"]] {
          let told = try await project.run(words, behind: Self.shell(redirection))
          #expect(told.status == 1, "\(words) \(redirection)")
          #expect(told.output.contains("error[output_lost]"), "\(told.output)")
        }
      }
    }
  }
}
