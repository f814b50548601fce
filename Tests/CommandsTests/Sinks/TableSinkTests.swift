import ProjectRig
import Runtime
import Testing

/// What each mode leaves in its table.
@Suite(.timeLimit(.minutes(5))) struct TableSinkTests {
  @Test func appendReplacesItsOwnRevisionOnly() async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: append, create: true}"
      for interval in ["2026-03-13", "2026-03-14"] {
        #expect(try await world.run(sink, for: interval).status == 0)
      }
      let both = ["2026-03-13 a 1 1.00"] + SinkWorld.fourteenth
      #expect(try await world.stored() == both)
      // Done before: nothing is added.
      let done = try await world.run(sink)
      #expect(done.status == 0 && done.output.contains("done before"))
      #expect(try await world.run(sink, more: ["--strict"]).status == 8)
      #expect(try await world.stored() == both)
      try await world.project.sql("UPDATE sales SET amount = 4 WHERE amount = 3")
      let again = try await world.run(sink, again: true)
      #expect(again.status == 0 && again.output.contains("revision 2"), "\(again.output)")
      #expect(
        try await world.stored() == [both[0], "2026-03-14 a 2 6.50"] + SinkWorld.fourteenth.dropFirst())
      #expect(
        try await world.project.rows(
          "SELECT revision, rows, deleted FROM tidemark.publications ORDER BY published_at")
          == [["1", "1", "0"], ["1", "3", "0"], ["2", "3", "3"]])
    }
  }

  @Test func mergeMatchesNullKeysAndWritesOnlyWhatDiffers() async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: merge, create: true}"
      #expect(try await world.run(sink).status == 0)
      #expect(try await world.run(sink, for: "2026-03-15").status == 0)
      #expect(try await world.stored() == SinkWorld.fourteenth + ["2026-03-15 a 1 11.00"])
      let versions = try await world.project.rows("SELECT xmin, shop FROM result ORDER BY day, shop")
      try await world.project.sql(
        "UPDATE sales SET amount = 8 WHERE shop IS NULL", "INSERT INTO sales VALUES ('2026-03-14', 'c', 1)")
      let again = try await world.run(sink, again: true)
      #expect(again.status == 0, "\(again.output)")
      #expect(
        try await world.stored() == [
          "2026-03-14 a 2 5.50", "2026-03-14 b 1 NULL", "2026-03-14 c 1 1.00", "2026-03-14 NULL 1 8.00",
          "2026-03-15 a 1 11.00",
        ])
      let after = try await world.project.rows(
        "SELECT xmin, shop FROM result WHERE shop <> 'c' OR shop IS NULL ORDER BY day, shop")
      #expect(after.count == versions.count)
      for (old, new) in zip(versions, after) { #expect((old == new) == (old[1] != "NULL")) }
    }
  }

  /// The rows of `append` are of the run that published them, and the ledger has as many as the table.
  @Test func appendIsVerifiedAfterALostState() async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: append, create: true}"
      #expect(try await world.run(sink).status == 0)
      try FolderTree.remove(world.project.path(".tidemark"))
      let found = try await world.run(sink)
      #expect(found.status == 0 && found.output.contains("published before"), "\(found.output)")
      let verified = try await world.project.run(["verify", "sales"])
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  @Test func replaceRefusesAnOlderInterval() async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: replace, create: true}"
      #expect(try await world.run(sink).status == 0)
      let older = try await world.run(sink, for: "2026-03-13")
      #expect(older.status == 8 && older.output.contains("error[older_interval]"), "\(older.output)")
      #expect(try await world.stored() == SinkWorld.fourteenth)
      #expect(try await world.run(sink, for: "2026-03-13", more: ["--force"]).status == 0)
      #expect(try await world.stored() == ["2026-03-13 a 1 1.00"])
    }
  }

  @Test func replaceWindowKeepsOtherDays() async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: replace_window, window: day, create: true}"
      for interval in ["2026-03-13", "2026-03-14", "2026-03-15"] {
        #expect(try await world.run(sink, for: interval).status == 0)
      }
      try await world.project.sql("DELETE FROM sales WHERE shop = 'b'")
      #expect(try await world.run(sink, again: true).status == 0)
      #expect(
        try await world.stored() == [
          "2026-03-13 a 1 1.00", "2026-03-14 a 2 5.50", "2026-03-14 NULL 1 7.00", "2026-03-15 a 1 11.00",
        ])
    }
  }

  /// What an empty result does, by `on_empty`.
  @Test func emptyResults() async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n bigint, total numeric)",
        "INSERT INTO result VALUES ('2026-03-14', 'x', 9, 9)")
      let there = ["2026-03-14 x 9 9"]
      func sink(_ rule: String) -> String {
        "table: {connection: db, name: result, mode: replace_window, window: day\(rule)}"
      }
      let failing = try await world.run(sink(""), filter: "false")
      #expect(failing.status == 4 && failing.output.contains("error[empty_result]"), "\(failing.output)")
      #expect(try await world.stored() == there)
      /// It is merged once, whatever becomes of it.
      func expectOneMerge(_ run: ProgramRun) {
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.split(separator: " ").filter { $0 == "merge_started" }.count == 1, "\(run.output)")
      }
      expectOneMerge(try await world.run(sink(", on_empty: keep"), filter: "false"))
      #expect(try await world.stored() == there)
      expectOneMerge(
        try await world.run(sink(", on_empty: publish"), again: true, filter: "false"))
      #expect(try await world.stored() == [])
      let told = try await world.project.rows(
        "SELECT rows, deleted, result_hash IS NOT NULL FROM tidemark.publications ORDER BY revision")
      #expect(told == [["0", "0", "t"], ["0", "1", "t"]])
    }
  }

  @Test func tooManyDeletes() async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n bigint, total numeric)",
        "INSERT INTO result SELECT '2026-03-14', i::text, i, i FROM generate_series(1, 10) AS i")
      for limit in ["9", "99%"] {
        let run = try await world.run(
          "table: {connection: db, name: result, mode: replace, max_delete: \(limit)}")
        #expect(run.status == 4 && run.output.contains("error[too_many_deletes]"), "\(run.output)")
        #expect(try await world.stored().count == 10)
      }
      #expect(try await world.project.rows("SELECT count(*) FROM tidemark.publications") == [["0"]])
      #expect(
        try await world.run("table: {connection: db, name: result, mode: replace, max_delete: 100%}").status
          == 0)
      #expect(try await world.stored() == SinkWorld.fourteenth)
    }
  }

  /// Tables of one connection appear together or not at all, and files only after them.
  @Test func severalSinksAppearTogether() async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE second (day date, shop text, n bigint CHECK (n < 2), total numeric)")
      let run = try await world.run(
        "file: {path: sales.csv}", "table: {connection: db, name: result, mode: replace, create: true}",
        "table: {connection: db, name: second, mode: replace}")
      #expect(run.status == 1, "\(run.output)")
      #expect(try await world.project.rows("SELECT to_regclass('result')") == [["NULL"]])
      #expect(try world.project.read("out/sales.csv") == nil)
      #expect(try await world.project.rows("SELECT count(*) FROM tidemark.publications") == [["0"]])
      try await world.project.sql("ALTER TABLE second DROP CONSTRAINT second_n_check")
      let second = try await world.run(
        "file: {path: sales.csv}", "table: {connection: db, name: result, mode: replace, create: true}",
        "table: {connection: db, name: second, mode: replace}")
      #expect(second.status == 0, "\(second.output)")
      #expect(try await world.stored() == SinkWorld.fourteenth)
      #expect(try await world.stored("second") == SinkWorld.fourteenth)
      let file = try #require(try world.project.read("out/sales.csv"))
      #expect(
        String(decoding: file, as: UTF8.self)
          == "day,shop,n,total\n2026-03-14,a,2,5.50\n2026-03-14,b,1,\n2026-03-14,,1,7.00\n")
    }
  }

  /// Two connections that lead to one database have one fence, which a run raises once.
  @Test(arguments: [nil, "publish.after_commit:1:kill"])
  func twoConnectionsOfOneDatabase(_ failpoint: String?) async throws {
    try await SinkWorld.with { world in
      let project = world.project
      try project.write(
        "tidemark.yaml",
        project.file().replacing("defaults:", with: "  twin: {url: \"\(project.database)\"}\ndefaults:"))
      func run(_ failpoint: String?) async throws -> ProgramRun {
        try await world.run(
          "table: {connection: db, name: result, mode: replace, create: true}",
          "table: {connection: twin, name: public.second, mode: replace, create: true}", failpoint: failpoint)
      }
      if let failpoint { #expect(try await run(failpoint).status != 0) }
      let last = try await run(nil)
      #expect(last.status == 0, "\(last.output)")
      #expect(try await world.stored() == SinkWorld.fourteenth)
      #expect(try await world.stored("second") == SinkWorld.fourteenth)
    }
  }

  /// What hangs on a table survives being replaced.
  @Test func grantsIndexesTriggersAndViewsSurvive() async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n bigint, total numeric, note text DEFAULT 'kept')",
        "CREATE INDEX ON result (day)", "CREATE VIEW seen AS SELECT day, shop, n, total FROM result",
        "GRANT SELECT ON result TO PUBLIC", "INSERT INTO result VALUES ('2026-03-14', 'x', 9, 9)")
      let facts = """
        SELECT c.oid, c.relfilenode, c.relacl, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid)
        FROM pg_class AS c WHERE relname = 'result'
        """
      let before = try await world.project.rows(facts)
      #expect(try await world.run("table: {connection: db, name: result, mode: replace}").status == 0)
      #expect(try await world.project.rows(facts) == before)
      #expect(try await world.stored("seen") == SinkWorld.fourteenth)
      #expect(try await world.project.rows("SELECT DISTINCT note FROM result") == [["kept"]])
    }
  }
}
