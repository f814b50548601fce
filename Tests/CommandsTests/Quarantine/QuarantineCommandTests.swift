import ProjectRig
import Testing

/// What `tidemark quarantine` tells of rejected rows, read as somebody does who does not know the code.
@Suite(.timeLimit(.minutes(3))) struct QuarantineCommandTests {
  private func withRejectedRows(_ body: (_ project: TidemarkProject, _ run: String) async throws -> Void)
    async throws
  {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE parcels (id int PRIMARY KEY, day text, mode text, email text)",
        """
        INSERT INTO parcels VALUES (1, '31.12.2025', 'AIR', 'a@canary.org'), (2, ' 2025-01-01', 'AIR', 'b@canary.org'),
        (3, NULL, 'SEA', 'c@canary.org'), (4, '01.01.2026', 'AIR', 'd@canary.org')
        """,
        "CREATE TABLE modes (code text, name text)", "INSERT INTO modes VALUES ('AIR', 'by air')")
      try project.write(
        "jobs/parcels.yaml",
        """
        version: 1
        job: parcels
        source: {connection: db, table: parcels, sensitive: [email]}
        process:
          - parse: {column: day, as: date, pattern: DD.MM.YYYY}
            name: day
            on_fail: quarantine
          - lookup: {from: {connection: db, table: modes}, match: {mode: code}, take: {mode_name: name}, on_missing: quarantine}
          - validate: [{expect: id < 4, name: small}, {expect: "email LIKE 'x%'", name: known}]
            name: rules
            on_fail: quarantine
          - select: [id, day, mode_name, email]
        store: {file: {path: parcels.csv}}

        """)
      let run = try await project.run(["run", "parcels", "--json"])
      try #require(run.status == 0, "\(run.output)")
      let listed = try await project.run(["quarantine", "list"])
      let line = try #require(
        listed.output.split(separator: "\n").first { $0.hasPrefix("r") && $0.contains("parcels") })
      try await body(project, String(line.prefix { $0 != " " }))
    }
  }

  @Test func rowsAreShownWithWhatTheyBroke() async throws {
    try await withRejectedRows { project, run in
      let listed = try await project.run(["quarantine", "list", "parcels"])
      for step in ["day", "step 2 (lookup)", "rules"] {
        #expect(listed.output.contains(step), "\(listed.output)")
      }
      let shown = try await project.run(["quarantine", "show", run])
      for words in [
        "id=2  fails day", "day  [invalid_text]  the text does not follow the pattern; day = ' 2025-01-01'",
        "id=3  fails step 2 (lookup)", "[lookup_missing]  the lookup has no row for mode = 'SEA'",
        "id=4  fails rules", "small  [rule_failed]  id < 4 is false; id = 4",
        "known  [rule_failed]  email LIKE 'x%' is false; email = (not shown)",
      ] { #expect(shown.output.contains(words), "\(words) in \(shown.output)") }
      #expect(try await project.run(["quarantine", "show", "parcels"]).output == shown.output)
      let exported = try await project.run(["quarantine", "export", run])
      #expect(try await project.run(["quarantine", "export", "parcels"]).output == exported.output)
      #expect(exported.output.split(separator: "\n").count == 4)
      #expect(exported.output.contains(#""values":{"id":2,"#), "\(exported.output)")
      let status = try await project.run(["show", run])
      for said in [shown, exported, status] { #expect(!said.output.contains("canary"), "\(said.output)") }
    }
  }

  @Test func runsAreCheckedAndRowsPurged() async throws {
    try await withRejectedRows { project, run in
      for command in ["show", "export", "replay", "purge"] {
        let unknown = try await project.run(["quarantine", command, "r00"])
        let sentence = "There is no run and no job named `r00`"
        #expect(unknown.status == 3 && unknown.output.contains(sentence), "\(unknown.output)")
      }
      for command in ["replay", "purge"] {
        let job = try await project.run(["quarantine", command, "parcels"])
        #expect(job.status == 3 && job.output.contains("`parcels` is a job"), "\(job.output)")
        #expect(job.output.contains("newest run with rejected rows is \(run)"), "\(job.output)")
      }
      let purged = try await project.run(["quarantine", "purge", run])
      #expect(
        purged.status == 0 && purged.output.hasPrefix("4 rows of run \(run) are deleted"), "\(purged.output)")
      let shown = try await project.run(["quarantine", "show", run])
      #expect(shown.status == 0 && shown.output.contains("has no rows in quarantine"), "\(shown.output)")
    }
  }

  /// The fault of a row that fails the run names the step once, and where its rule is decided.
  @Test(arguments: [
    ("- parse: {column: day, as: integer}", #"fails step "step 1 (parse)"\#n"#, "`on_fail: quarantine`"),
    (
      "- lookup: {from: {connection: db, table: modes}, match: {mode: code}, take: {n: name}}",
      #"fails step "step 1 (lookup)"\#n"#, "`on_missing: quarantine`"
    ),
    (
      "- validate: {expect: id < 4, name: small}", #"fails step "step 1 (validate)": small\#n"#,
      "id < 4 is false; id = 4"
    ),
  ])
  func aFailingRowIsExplained(_ step: String, _ sentence: String, _ more: String) async throws {
    try await withRejectedRows { project, _ in
      try project.write(
        "jobs/failing.yaml",
        """
        version: 1
        job: failing
        source: {connection: db, table: parcels}
        process:
          \(step)
          - select: [id]
        store: {file: {path: failing.csv}}

        """)
      let run = try await project.run(["run", "failing"])
      #expect(run.status == 1 && run.output.contains(sentence) && run.output.contains(more), "\(run.output)")
    }
  }
}
