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

  @Test func replaceLeavesOtherScopesAlone() async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n bigint, total numeric)",
        "INSERT INTO result VALUES ('2026-01-01', 'b', 9, 9), ('2026-01-01', 'a', 9, 9)")
      let sink = "table: {connection: db, name: result, mode: replace, scope: {shop: a}}"
      let run = try await world.run(sink, filter: "shop = 'a'")
      #expect(run.status == 0, "\(run.output)")
      #expect(try await world.stored() == ["2026-01-01 b 9 9", "2026-03-14 a 2 5.50"])
    }
  }

  /// Rows that no run would delete are not inserted either.
  @Test(
    arguments: [
      ("shop: a", "true", "shop = b"), ("shop: b", "shop IS NULL", "shop = NULL"),
      ("n: \"2\"", "true", "n = 1"),
    ])
  func rowsOutsideTheScopeAreRefused(scope: String, filter: String, said: String) async throws {
    try await SinkWorld.with { world in
      for mode in ["replace", "replace_window, window: day"] {
        let run = try await world.run(
          "table: {connection: db, name: result, mode: \(mode), scope: {\(scope)}, create: true}",
          filter: filter)
        #expect(run.status == 4 && run.output.contains("error[outside_scope]"), "\(run.output)")
        #expect(run.output.contains(said), "\(run.output)")
        #expect(try await world.project.rows("SELECT to_regclass('result')") == [["NULL"]])
      }
    }
  }

  /// By what the result's type takes for equal.
  @Test(arguments: ["total: \"5.5\"", "day: \"${interval.start_date}\"", "shop: \" a\""])
  func aScopeIsComparedAsItsType(_ scope: String) async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: replace, scope: {\(scope)}, create: true}"
      if scope.hasPrefix("shop") {
        let run = try await world.run(sink, filter: "shop = 'a'")
        #expect(run.status == 4 && run.output.contains("error[outside_scope]"), "\(run.output)")
        return
      }
      for again in [false, true] {
        let run = try await world.run(sink, again: again, filter: "shop = 'a'")
        #expect(run.status == 0, "\(run.output)")
        #expect(try await world.stored() == ["2026-03-14 a 2 5.50"])
      }
    }
  }

  @Test func aScopeThatIsNoValueOfItsColumn() async throws {
    try await SinkWorld.with { world in
      let run = try await world.run(
        "table: {connection: db, name: result, mode: replace, scope: {day: soon}, create: true}")
      #expect(run.status == 3 && run.output.contains("error[bad_literal]"), "\(run.output)")
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

  /// Where a row stays out of the table it is said, and not counted.
  @Test(arguments: ["append", "replace", "merge"], ["integer", "bigint"])
  func rowsThatATriggerKeepsBackAreTold(mode: String, type: String) async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n \(type), total numeric, _run_id text)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER keep BEFORE INSERT ON result FOR EACH ROW WHEN (NEW.shop = 'b') EXECUTE FUNCTION keep()"
      )
      for (revision, again) in [false, true].enumerated() {
        let run = try await world.run("table: {connection: db, name: result, mode: \(mode)}", again: again)
        #expect(run.status == 0 && run.output.contains("took 2 of 3 rows"), "\(run.output)")
        let told = try await world.project.rows("SELECT rows FROM tidemark.publications")
        #expect(told == Array(repeating: ["2"], count: revision + 1))
      }
    }
  }

  /// So it is said where `merge` finds a row that differs, and a trigger or a rule does not let it be changed.
  @Test(
    arguments: [
      "CREATE TRIGGER keep BEFORE UPDATE ON result FOR EACH ROW WHEN (NEW.shop = 'b') EXECUTE FUNCTION keep()",
      "CREATE RULE keep AS ON UPDATE TO result WHERE NEW.shop = 'b' DO INSTEAD NOTHING",
    ], [true, false])
  func changesThatAreKeptBackAreTold(keeper: String, keyMayBeNull: Bool) async throws {
    try await SinkWorld.with { world in
      let key = keyMayBeNull ? "" : " NOT NULL"
      try await world.project.sql(
        "CREATE TABLE result (day date\(key), shop text\(key), n integer, total numeric, changed timestamptz)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed = now(); NEW.total = 0; RETURN NEW; END $$",
        "CREATE TRIGGER note BEFORE UPDATE ON result FOR EACH ROW EXECUTE FUNCTION note()")
      let sink = "table: {connection: db, name: result, mode: merge}"
      let filter = keyMayBeNull ? "true" : "shop IS NOT NULL"
      let count = keyMayBeNull ? 3 : 2
      for again in [false, true] {
        let run = try await world.run(sink, again: again, filter: filter)
        #expect(run.status == 0 && !run.output.contains(" took "), "\(run.output)")
        try await world.project.sql("UPDATE sales SET amount = coalesce(amount, 0) + 1")
      }
      try await world.project.sql(keeper)
      let run = try await world.run(sink, again: true, filter: filter)
      #expect(run.status == 0 && run.output.contains("took \(count - 1) of \(count) rows"), "\(run.output)")
      let told = try await world.project.rows("SELECT rows FROM tidemark.publications ORDER BY revision")
      #expect(told == [["\(count)"], ["\(count)"], ["\(count - 1)"]])
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

  /// As by an assignment in Postgres: blanks at the end may go, nothing else is cut off.
  @Test(
    arguments: ["append", "merge", "replace"],
    [("varchar(1)", "text"), ("char(1)", "text"), ("varchar(1)", "char(4)")])
  func aTextThatIsTooLongIsRefused(_ mode: String, _ types: (target: String, source: String)) async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop \(types.target), n bigint, total numeric, _run_id text)",
        "ALTER TABLE sales ALTER shop TYPE \(types.source)", "UPDATE sales SET shop = 'bc' WHERE shop = 'b'")
      let sink = "table: {connection: db, name: result, mode: \(mode)}"
      let run = try await world.run(sink)
      #expect(run.status == 1 && run.output.contains("22001"), "\(run.output)")
      #expect(try await world.stored() == [])
      try await world.project.sql("UPDATE sales SET shop = 'b  ' WHERE shop = 'bc'")
      let second = try await world.run(sink)
      #expect(second.status == 0, "\(second.output)")
      #expect(try await world.stored() == SinkWorld.fourteenth)
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

  /// A column of the target that keeps fewer decimals may round a time into the next interval, where no run finds it.
  @Test(arguments: [
    (0, "23:59:59.4", 0), (0, "23:59:59.5", 4), (3, "23:59:59.9994", 0), (3, "23:59:59.9996", 4),
  ])
  func timesThatAreRoundedOutOfTheWindow(decimals: Int, time: String, status: Int32) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE readings (at timestamptz, n int)",
        "INSERT INTO readings VALUES ('2026-03-14 \(time)+00', 1)",
        "CREATE TABLE result (at timestamptz(\(decimals)), n int)")
      try project.write(
        "jobs/copy.yaml",
        """
        version: 1
        job: copy
        timezone: UTC
        interval: {span: day}
        source: {connection: db, table: readings, where: "at >= ${window.start} AND at < ${window.end}"}
        process: [{select: [at, n]}]
        store: [{table: {connection: db, name: result, mode: replace_window, window: at}}]

        """)
      for again in [[], ["--again"]] {
        let run = try await project.run(["run", "copy", "--for", "2026-03-14"] + again)
        #expect(run.status == status, "\(run.output)")
        #expect(run.output.contains("rounds it out") == (status != 0), "\(run.output)")
      }
      #expect(try await project.rows("SELECT n FROM result").count == (status == 0 ? 1 : 0))
    }
  }

  @Test func rowsOfAMatrixShareATableByTheirScope() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE orders (day date)", "INSERT INTO orders VALUES ('2026-03-14')")
      try project.write(
        "jobs/shared.yaml",
        """
        version: 1
        job: shared
        timezone: UTC
        matrix: [{tenant: a}, {tenant: b}]
        source: {connection: db, table: orders}
        aggregate: {group_by: [day], measures: {n: count(*), tenant: "max(${matrix.tenant})"}}
        store:
          - table:
              {connection: db, name: result, mode: replace, scope: {tenant: "${matrix.tenant}"}, create: true}

        """)
      for _ in 1...2 {
        let run = try await project.run(["run", "shared"])
        #expect(run.status == 0, "\(run.output)")
      }
      #expect(try await project.rows("SELECT tenant FROM result ORDER BY 1") == [["a"], ["b"]])
    }
  }

  /// A target's column may keep fewer decimals than the result has: what is found again is what is kept.
  @Test(arguments: [
    ("timestamp(0)", "'2024-01-01 00:00:00.4'::timestamp"),
    ("timestamptz(3)", "'2024-01-01 00:00:00.0004Z'::timestamptz"),
    ("interval(0)", "'00:00:00.4'::interval"), ("time(0)", "'00:00:00.4'::time"), ("numeric(5,2)", "1.001"),
  ])
  func keysThatTheTargetRounds(type: String, value: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source AS SELECT \(value) AS k, 1 AS n", "CREATE TABLE merged (k \(type), n int)",
        "CREATE TABLE scoped (k \(type), n int)")
      func job(_ store: String) -> String {
        """
        version: 1
        timezone: UTC
        source: {connection: db, table: source}
        process: [{select: [k, n]}]
        store: [{table: {connection: db, name: \(store)}}]

        """
      }
      try project.write("jobs/merged.yaml", job("merged, mode: merge, key: [k]"))
      let plain = value.split(separator: "'").first { $0.contains(":") }.map(String.init) ?? value
      try project.write("jobs/scoped.yaml", job("scoped, mode: replace, scope: {k: \"\(plain)\"}"))
      for name in ["merged", "scoped"] where name == "merged" || type != "time(0)" {
        for _ in 1...2 {
          let run = try await project.run(["run", name])
          #expect(run.status == 0, "\(run.output)")
        }
        #expect(try await project.rows("SELECT n FROM \(name)") == [["1"]], "\(name)")
      }
      try await project.sql(
        "INSERT INTO source SELECT \(value.replacing("4'", with: "3'").replacing("1.001", with: "1.002")), 2")
      let shared = try await project.run(["run", "merged"])
      #expect(shared.status == 1 && shared.output.contains("error[shared_key]"), "\(shared.output)")
    }
  }

  @Test func mergeCutsNothingOff() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source AS SELECT 1 AS k, '{abcdefgh}'::varchar[] AS tags",
        "CREATE TABLE merged (k int, tags varchar(5)[])")
      try project.write(
        "jobs/merged.yaml",
        """
        version: 1
        timezone: UTC
        source: {connection: db, table: source}
        process: [{select: [k, tags]}]
        store: [{table: {connection: db, name: merged, mode: merge, key: [k]}}]

        """)
      let run = try await project.run(["run", "merged"])
      #expect(run.status != 0 && run.output.contains("too long"), "\(run.output)")
      #expect(try await project.rows("SELECT k FROM merged").isEmpty)
    }
  }
}
