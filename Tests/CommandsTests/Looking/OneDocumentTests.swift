import Model
import ProjectRig
import Testing

/// With `--json` a command prints one document, whatever it is about and whatever becomes of it.
@Suite(.timeLimit(.minutes(5))) struct OneDocumentTests {
  /// A job of two rows, each with a clock of its own, whose last row can be made to fail.
  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE wares AS SELECT n, now() AS at FROM generate_series(0, 3) AS n")
      try project.write(
        "jobs/rows.yaml",
        """
        version: 1
        matrix: [{tenant: acme, zone: Europe/Berlin}, {tenant: globex, zone: Asia/Kolkata}]
        timezone: ${matrix.zone}
        params: {least: {type: integer, default: 1}}
        interval: {span: day, lookback: 1d}
        schedule: "0 3 * * *"
        source: {connection: db, table: wares}
        process:
          - {validate: {expect: "n >= ${params.least}"}, on_fail: quarantine}
          - derive: {day: "${interval.start_date}", tenant: "${matrix.tenant}"}
        aggregate: {group_by: [day, tenant], measures: {rows: count(*)}}
        checks: [{name: few, expect: "count(*) > 0 AND (${matrix.tenant} = 'acme' OR ${params.least} < 3)"}]
        store:
          table: {connection: db, name: told, mode: replace_window, window: day, create: true, scope: {tenant: "${matrix.tenant}"}}

        """)
      try project.write(
        "jobs/idle.yaml",
        """
        version: 1
        source: {connection: db, table: wares}
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: db, name: idle, mode: replace, create: true}}

        """)
      try await body(project)
    }
  }

  private static func document(
    _ project: TidemarkProject, _ words: [String], status: Int32 = 0, environment: [String: String] = [:]
  ) async throws -> JSONValue {
    let told = try await project.run(
      words + ["--json", "--log-file", project.path("log")], environment: environment)
    #expect(told.status == status, "\(words): \(told.output)")
    return try JSONValue(parsing: told.output)
  }

  private static func texts(_ items: JSONValue?, _ name: String) -> [String?] {
    (items?.elements ?? []).map { $0[name]?.stringValue }
  }

  @Test func oneRowOfAMatrixIsCancelled() async throws {
    try await Self.with { project in
      let failed = try await project.run(["run", "rows", "--for", "2026-03-14", "--set", "least=3"])
      #expect(failed.status == 4, "\(failed.output)")
      let done = try await project.run(["cancel", "rows[tenant=acme]"])
      #expect(done.status == 3 && done.output.contains("error[no_such_run]"), "\(done.output)")
      let ended = try await Self.document(project, ["cancel", "rows[tenant=globex]"])["runs"]
      #expect(Self.texts(ended, "result") == ["cancelled"])
    }
  }

  @Test func allRowsOfAMatrixAreOneDocument() async throws {
    try await Self.with { project in
      let day = ["--for", "2026-03-14"]
      let plans = try await Self.document(project, ["plan", "rows"] + day)["plans"]
      #expect(Self.texts(plans, "matrix_row") == ["tenant=acme", "tenant=globex"])
      #expect(Self.texts(plans, "interval_start") == ["2026-03-13T23:00:00Z", "2026-03-13T18:30:00Z"])
      #expect(Self.texts(plans, "window_start") == ["2026-03-12T23:00:00Z", "2026-03-12T18:30:00Z"])
      let plan = try await project.run(["plan", "rows[tenant=acme]"] + day)
      #expect(
        plan.output.hasPrefix("rows[tenant=acme]  2026-03-14\n  interval  2026-03-14T00:00:00+01:00 to "))

      let first = try await Self.document(project, ["run", "rows[tenant=acme]"] + day)
      #expect(first["outcome"]?.stringValue == "succeeded")
      #expect(first["matrix_row"]?.stringValue == "tenant=acme")
      let both = try await Self.document(project, ["run", "rows"] + day)
      #expect(Self.texts(both["runs"], "outcome") == ["already_done", "succeeded"])
      #expect(Self.texts(both["runs"], "interval") == ["2026-03-14", "2026-03-14"])
      #expect(both["faults"]?.elements.isEmpty == true)
      // What was done before something failed is told as well.
      let half = try await Self.document(project, ["run", "rows", "--set", "least=3"] + day, status: 4)
      #expect(Self.texts(half["runs"], "matrix_row") == ["tenant=acme", "tenant=globex"])
      #expect(Self.texts(half["runs"], "outcome") == ["succeeded", "failed"])
      #expect(Self.texts(half["faults"], "code") == ["check_failed"])
    }
  }

  /// A program that starts runs has to show, resume or cancel those that fail.
  @Test func aFailedRunIsNamed() async throws {
    try await Self.with { project in
      let words = ["run", "rows[tenant=globex]", "--for", "2026-03-14", "--set", "least=3"]
      let failed = try await Self.document(project, words, status: 4)
      #expect(failed["outcome"]?.stringValue == "failed")
      #expect(failed["interval"]?.stringValue == "2026-03-14")
      #expect(Self.texts(failed["faults"], "code") == ["check_failed"])
      let run = try #require(failed["run"]?.stringValue)
      let resumed = try await Self.document(project, ["resume", run], status: 4)
      #expect(resumed["run"]?.stringValue == run && resumed["matrix_row"]?.stringValue == "tenant=globex")
      // What was refused before it began has no run.
      let refused = try await Self.document(project, ["run", "rows", "--set", "least=x"], status: 2)
      #expect(refused["run"] ?? .null == .null && !Self.texts(refused["faults"], "code").isEmpty)
    }
  }

  @Test func theFailedRunsOfABackfillAreNamed() async throws {
    try await Self.with { project in
      let text = String(decoding: try #require(try project.read("jobs/rows.yaml")), as: UTF8.self)
      try project.write("jobs/rows.yaml", text.replacing("default: 1", with: "default: 3"))
      let words = [
        "backfill", "rows[tenant=globex]", "--only", "all", "--from", "2026-03-14", "--to", "2026-03-16",
      ]
      let intervals = try await Self.document(project, words, status: 4)["intervals"]
      #expect(Self.texts(intervals, "outcome") == ["failed", "failed"])
      let runs = try await Self.document(project, ["history", "rows"])["runs"]
      #expect(Set(Self.texts(intervals, "run")) == Set(Self.texts(runs, "run")))
      let told = try await project.run(words)
      #expect(Self.texts(runs, "run").allSatisfy { told.output.contains($0 ?? "-") }, "\(told.output)")
    }
  }

  /// One row's zone that the system does not know takes no command down that only looks.
  @Test func aRowOfAnUnknownZoneIsLeftAside() async throws {
    try await Self.with { project in
      try #require(try await project.run(["run", "rows[tenant=acme]", "--for", "2026-03-14"]).status == 0)
      let text = String(decoding: try #require(try project.read("jobs/rows.yaml")), as: UTF8.self)
      try project.write("jobs/rows.yaml", text.replacing("Asia/Kolkata", with: "Asia/Kolkatta"))
      for words in [["status"], ["history"], ["show", "rows[tenant=acme]"]] {
        let told = try await project.run(words)
        #expect(told.status == 0 && told.output.contains("2026-03-14"), "\(words): \(told.output)")
      }
      let none = try await project.run(["status", "rows[tenant=globex]"])
      #expect(
        none.status == 0
          && none.output.contains("No runs of rows[tenant=globex] yet. `tidemark run 'rows[tenant=globex]'`"),
        "\(none.output)")
      let wrong = try await project.run(["validate"])
      #expect(
        wrong.status == 3 && wrong.output.contains("jobs/rows.yaml:2:")
          && wrong.output.contains("error[unknown_time_zone]") && wrong.output.contains("rows[tenant=globex]")
          && wrong.output.contains("Did you mean `Asia/Kolkata`?"), "\(wrong.output)")
    }
  }

  @Test func oneRowOfAMatrixIsListedByItself() async throws {
    try await Self.with { project in
      try #require(try await project.run(["run", "rows", "--for", "2026-03-14"]).status == 0)
      let row = "rows[tenant=globex]"
      for (words, list) in [(["history"], "runs"), (["status"], "jobs")] {
        let own = try await Self.document(project, words + [row])
        #expect(Self.texts(own[list], "matrix_row") == ["tenant=globex"], "\(words)")
        // By the row's own clock.
        #expect(Self.texts(own[list], "interval") == ["2026-03-14"], "\(words)")
        #expect(try await Self.document(project, words)[list]?.elements.count == 2, "\(words)")
      }
      let rejected = try await Self.document(project, ["quarantine", "list", row])["quarantine"]
      #expect(Self.texts(rejected, "matrix_row") == ["tenant=globex"])
      let shown = try await Self.document(project, ["quarantine", "show", row])["rows"]
      let exported = try await Self.document(project, ["quarantine", "export", row])["rows"]
      #expect(exported?.elements.count == 1 && exported == shown)
      let run = try #require(rejected?.elements.first?["run"]?.stringValue)
      #expect(try await Self.document(project, ["quarantine", "purge", run])["rows_deleted"]?.intValue == 1)
      let empty = try await Self.document(project, ["quarantine", "export", run])["rows"]
      #expect(empty?.elements.isEmpty == true)
      let fires = ["schedule", "next", "--count", "1", "--from", "2026-03-14T00:00:00Z"]
      let next = try await project.run(fires + ["rows"])
      #expect(
        next.output.contains("2026-03-14T03:00:00+01:00") && next.output.contains("go rows[tenant=globex]"))
      let other = try await project.run(fires + [row])
      #expect(other.output == "2026-03-15T03:00:00+05:30\n", "\(other.output)")
      let none = try await project.run(fires + ["rows[tenant=globe]"])
      #expect(none.status == 2 && none.output.contains("Did you mean `tenant=globex`?"), "\(none.output)")
      // Jobs that have not run stand somewhere, too.
      let idle = try await Self.document(project, ["status"])["without_runs"]?.elements
      #expect(idle == [.string("idle")])
    }
  }

  @Test func whatIsNoRunIsADocumentToo() async throws {
    try await Self.with { project in
      #expect(try await Self.document(project, ["failpoints"])["failpoints"]?.elements.isEmpty == false)
      #expect(try await Self.document(project, ["state", "migrate"])["layout"]?.intValue != nil)
      #expect(try await Self.document(project, ["state", "compact"])["compacted"]?.boolValue == true)
      let unknown = try await Self.document(project, ["runn"], status: 2)
      #expect(Self.texts(unknown["faults"], "code") == ["unknown_command"])
      let folders = ["STATE_DIRECTORY": "\(project.path("first")):\(project.path("second"))"]
      let state = try await Self.document(project, ["state", "migrate"], environment: folders)["state"]
      #expect(state?.stringValue == project.path("first/state.db"))
      // A misspelt database is not a file.
      let nowhere = try await Self.document(project, ["status", "--state", "postgre://db/state"], status: 3)
      #expect(Self.texts(nowhere["faults"], "code") == ["bad_state"])
      let twice = ["run", "rows", "--set", "least=1", "--set", "least=2"]
      #expect(
        Self.texts(try await Self.document(project, twice, status: 2)["faults"], "code") == [
          "repeated_option"
        ])
      let help = try await project.run(["help", "plan"])
      #expect(help.status == 0 && help.output.hasPrefix("Usage: tidemark plan"), "\(help.output)")
    }
  }
}
