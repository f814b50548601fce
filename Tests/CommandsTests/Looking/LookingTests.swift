import Model
import ProjectRig
import Testing

/// The commands for looking at runs, by the real program over a real job.
@Suite(.timeLimit(.minutes(5))) struct LookingTests {
  /// A value that turns the order of what stands around it would read as another one on a terminal.
  @Test func marksOfDirectionAreNotPrinted() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE notes AS SELECT 1 AS id, E'pay \\u202E001\\u2069 now' AS note")
      try project.write(
        "jobs/notes.yaml",
        """
        version: 1
        source: {connection: db, table: notes}
        process: [{select: [id, note]}]
        store: {file: {path: notes.csv}}

        """)
      let run = try await project.run(["run", "notes"])
      try #require(run.status == 0, "\(run.output)")
      let shown = try await project.run(["results", "notes"])
      #expect(shown.status == 0 && shown.output.contains("pay  001  now"), "\(shown.output)")
      let whole = try await project.run(["results", "notes", "--json"])
      let row = try JSONValue(parsing: whole.output)["rows"]?.elements.first?.elements
      #expect(row?.last?.stringValue == "pay \u{202E}001\u{2069} now")
    }
  }

  @Test func resultsAndDifferencesComeFromTheCheckpoints() async throws {
    try await SalesProject.with { project in
      let results = try await project.run(["results", "sales"])
      #expect(
        results.status == 0 && results.output.contains("Ärger") && results.output.contains("revision 1"),
        "\(results.output)")
      let one = try await project.run(["results", "sales", "--limit", "1"])
      #expect(one.output.contains("and 2 more"), "\(one.output)")
      let alone = try await project.run(["diff", "sales"])
      #expect(alone.status == 3 && alone.output.contains("only success of its interval"), "\(alone.output)")
      try await project.sql("UPDATE sales SET amount = amount + 1 WHERE id = 1")
      let again = try await project.run(["run", "sales", "--for", "2026-03-14", "--again"])
      try #require(again.status == 0, "\(again.output)")
      let diff = try await project.run(["diff", "sales", "--strict"])
      #expect(diff.status == 4 && diff.output.contains("2 rows the same, 1 not"), "\(diff.output)")
      let given = try await project.run(["diff", "sales", "--json"])
      #expect(given.output.contains("\"differing_rows\": 1"), "\(given.output)")
    }
  }

  @Test func resultsShowArraysAsPostgresPrintsThem() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE words (word text)", "INSERT INTO words VALUES ('a'), ('a'), ('b c')")
      try project.write(
        "jobs/words.yaml",
        """
        version: 1
        job: words
        source: {connection: db, table: words}
        aggregate: {measures: {most: "top_k(word, 2)"}}
        store: {table: {connection: db, name: counted, mode: replace, create: true}}

        """)
      let run = try await project.run(["run", "words"])
      try #require(run.status == 0, "\(run.output)")
      let results = try await project.run(["results", "words", "--json"])
      #expect(results.output.contains(#"{a,\"b c\"}"#), "\(results.output)")
    }
  }

  @Test func showStatusReportAndAuditTellOfTheRun() async throws {
    try await SalesProject.with { project in
      let show = try await project.run(["show", "sales"])
      #expect(
        show.status == 0 && show.output.contains("Next: nothing, or look at the rejected rows"),
        "\(show.output)")
      let report = try await project.run(["report", "sales"])
      #expect(report.status == 0 && report.output.contains("rows_quarantined  50"), "\(report.output)")
      let audit = try await project.run(["audit", "sales"])
      #expect(audit.status == 0 && audit.output.contains("run_succeeded"), "\(audit.output)")
      let status = try await project.run(["status"])
      #expect(status.output.hasPrefix("1 well"), "\(status.output)")
      #expect(status.output.contains("sales  succeeded  2026-03-14  r"), "\(status.output)")
      for command in ["status", "history"] {
        let unknown = try await project.run([command, "slaes"])
        #expect(unknown.status == 3 && unknown.output.contains("Did you mean `sales`?"), "\(unknown.output)")
      }
    }
  }

  @Test func resumeGoesOnWithExactlyThatRun() async throws {
    try await SalesProject.with { project in
      let killed = try await project.run(
        ["run", "sales", "--for", "2026-03-14", "--again", "--parallelism", "1"],
        failpoint: "state.checkpoint.after_commit:2:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      let status = try await project.run(["status"])
      #expect(status.output.contains("its process died; `tidemark resume r"), "\(status.output)")
      let dry = try await project.run(["resume", "sales", "--dry-run"])
      #expect(dry.status == 0 && dry.output.contains("2 of ") && dry.output.contains("kept"), "\(dry.output)")
      let resumed = try await project.run(["resume", "sales"])
      #expect(resumed.status == 0 && resumed.output.contains("revision 2"), "\(resumed.output)")
      let over = try await project.run(["resume", "sales"])
      #expect(over.status == 3 && over.output.contains("no unfinished run"), "\(over.output)")
    }
  }

  @Test func noticesThatGaveUpAreTriedAgain() async throws {
    try await SalesProject.with { project in
      let list = try await project.run(["notices", "list"])
      #expect(
        list.status == 0 && list.output.contains("success") && list.output.contains("sales#0"),
        "\(list.output)")
      let unknown = try await project.run(["notices", "retry", "nothing"])
      #expect(unknown.status == 3 && unknown.output.contains("error[no_such_notice]"), "\(unknown.output)")
    }
  }
}
