import ProjectRig
import Testing

extension CrashMatrix {
  /// Rows for a new table are stored while they are read only where a transaction as long as that is in nobody's way.
  @Suite(.timeLimit(.minutes(5))) struct StoringAheadTests {
    private static let job = """
      version: 1
      job: copy
      source: {connection: db, table: sales, chunk: {by: key, column: id, rows: 30}}
      process:
        - derive: {double: amount * 2}
        - select: [id, amount, double]
      store:
        - table: {connection: db, name: result, mode: replace, create: true}
      limits: {parallelism: 2}

      """

    /// What is put for what in the job, and the SQL before it.
    struct Case: Sendable, CustomTestStringConvertible {
      var name: String
      var old = ""
      var new = ""
      var sql = "SELECT"
      var isAhead = false

      var testDescription: String { name }
    }

    static let cases = [
      Case(name: "a new table", isAhead: true),
      Case(name: "one to append to", old: "mode: replace", new: "mode: append", isAhead: true),
      Case(name: "one to merge into", old: "mode: replace", new: "mode: merge, key: id", isAhead: true),
      Case(
        name: "over as many connections as there are", old: "parallelism: 2", new: "parallelism: 3",
        isAhead: true),
      Case(
        name: "the schema is there", old: "name: result", new: "name: other.result",
        sql: "CREATE SCHEMA other",
        isAhead: true),
      Case(name: "the schema is not there", old: "name: result", new: "name: other.result"),
      Case(name: "the table is there", sql: "CREATE TABLE result (id int, amount numeric, double numeric)"),
      Case(
        name: "groups", old: "store:",
        new: "aggregate: {group_by: [id], measures: {amount: max(amount), double: max(double)}}\nstore:"),
      Case(
        name: "another table besides", old: "limits:",
        new: "  - table: {connection: db, name: second, mode: replace, create: true}\nlimits:"),
      Case(name: "a file besides", old: "limits:", new: "  - file: {path: a.csv}\nlimits:"),
      Case(name: "no snapshot", old: "rows: 30}", new: "rows: 30}, consistency: chunk"),
      Case(
        name: "something before it", old: "create: true", new: "create: true, before_publish: SELECT 1"),
      Case(name: "another connection", old: "{connection: db, name", new: "{connection: second, name"),
      Case(name: "statements have a limit", old: "parallelism: 2", new: "statement_timeout: 60s"),
      Case(name: "slowly", old: "parallelism: 2", new: "max_rows_per_second: 100000"),
      Case(name: "no further ahead than a replica", old: "parallelism: 2", new: "max_replication_lag: 1h"),
      Case(
        name: "a check that holds values", old: "limits:",
        new: "checks: [{name: once, unique: [id]}]\nlimits:"),
      Case(
        name: "a check that holds none", old: "limits:",
        new: "checks: [{name: some, expect: count(*) > 3}]\nlimits:", isAhead: true),
    ]

    @Test(arguments: cases) func ahead(_ item: Case) async throws {
      try await TidemarkProject.with { project in
        try project.write(
          "tidemark.yaml",
          project.file().replacing(
            "defaults:", with: "  second: {url: \"\(project.database)\", search_path: [public]}\ndefaults:"))
        try await makeSales(project)
        try await project.sql(item.sql)
        let job = item.old.isEmpty ? Self.job : Self.job.replacing(item.old, with: item.new)
        try #require(item.old.isEmpty || job != Self.job)
        try project.write("jobs/copy.yaml", job)
        let first = try await project.run(["run", "copy"], failpoint: "ahead.named:1:kill")
        #expect(first.wasKilled == item.isAhead, "\(first.output)")
        if first.wasKilled {
          let second = try await project.run(["run", "copy"])
          #expect(second.status == 0, "\(second.output)")
        }
        let table = item.new.contains("other.result") ? "other.result" : "result"
        let stored = try await project.rows("SELECT count(*), sum(amount), sum(double) FROM \(table)")
        #expect(stored == [["100", "6312.50", "12625.00"]], "\(first.output)")
        let left = try await project.rows("SELECT relname FROM pg_class WHERE relname LIKE 'tidemark%'")
        #expect(left == [])
      }
    }

    private func makeSales(_ project: TidemarkProject) async throws {
      try await project.sql(
        "CREATE TABLE sales AS SELECT i AS id, i * 1.25 AS amount FROM generate_series(1, 100) AS i",
        "ALTER TABLE sales ADD PRIMARY KEY (id)", "ANALYZE sales")
    }

    /// Who follows a server's changes sees rows of the table by its own name alone.
    @Test func notWhereChangesAreFollowed() async throws {
      // What is decoded is what has been flushed, so the server is a durable one.
      try await OwnServers.with(settings: ["wal_level": "logical"]) { servers in
        try await TidemarkProject.with(on: servers[0]) { project in
          try await makeSales(project)
          try await project.sql(
            "CREATE PUBLICATION everything FOR ALL TABLES",
            "SELECT pg_create_logical_replication_slot('follower', 'test_decoding')")
          // No row of a table without a key may be deleted there.
          try project.write("jobs/copy.yaml", Self.job.replacing("mode: replace", with: "mode: append"))
          let run = try await project.run(["run", "copy"], failpoint: "ahead.begun:1:kill")
          #expect(run.status == 0, "\(run.output)")
          let told = try await project.rows(
            """
            SELECT name, count(*) FROM (SELECT substring(data FROM '^table ([^:]+): INSERT') AS name
              FROM pg_logical_slot_get_changes('follower', NULL, NULL)) AS changes
            WHERE name LIKE 'public.%' GROUP BY name
            """)
          #expect(told == [["public.result", "100"]])
        }
      }
    }

    /// A replay publishes at its end, also where its table is gone.
    @Test func notInAReplay() async throws {
      try await TidemarkProject.with { project in
        try await makeSales(project)
        let job = Self.job.replacing(
          "  - derive", with: "  - validate: {expect: amount < 100}\n    on_fail: quarantine\n  - derive")
        try project.write("jobs/copy.yaml", job)
        let first = try await project.run(["run", "copy"])
        #expect(first.status == 0, "\(first.output)")
        #expect(try await project.rows("SELECT count(*) FROM result") == [["79"]])
        try await project.sql("DROP TABLE result")
        try project.write("jobs/copy.yaml", job.replacing("< 100", with: "< 1000"))
        let runs = try await project.rows("SELECT run_id FROM tidemark.publications")
        let replay = try await project.run(
          ["quarantine", "replay", runs[0][0]], failpoint: "ahead.begun:1:kill")
        #expect(replay.status == 0, "\(replay.output)")
        let stored = try await project.rows("SELECT count(*), sum(amount), sum(double) FROM result")
        #expect(stored == [["100", "6312.50", "12625.00"]])
      }
    }

    /// What becomes of the source between the death of a run, some of whose rows were stored, and its resume.
    static let changes: [[String]] = [
      [], ["UPDATE sales SET amount = 1000 WHERE id = 7"], ["DELETE FROM sales WHERE id = 7"],
      ["UPDATE sales SET id = 900 WHERE id = 7"], ["INSERT INTO sales VALUES (-1, 4), (900, 4)"],
      [
        "CREATE TABLE copied AS SELECT * FROM sales", "TRUNCATE sales",
        "INSERT INTO sales SELECT id, amount + 1 FROM copied",
      ],
      ["VACUUM FULL sales"], ["ALTER TABLE sales ADD COLUMN more int", "VACUUM FREEZE sales"],
    ]

    /// Rows that were stored by a run that died are gone with it, and what its heir stores is what the source then holds.
    @Test(arguments: [("auto", "ahead.middle:3"), ("recompute", "ahead.stored:1")])
    func resumed(_ onResume: String, at place: String) async throws {
      let job = Self.job.replacing("rows: 30}}", with: "rows: 30}, on_resume: \(onResume)}")
      await Lanes.work(through: Self.changes) { changes in
        while let change = changes.next() {
          try await TidemarkProject.with { project in
            try await makeSales(project)
            try project.write("jobs/copy.yaml", job)
            let killed = try await project.run(["run", "copy"], failpoint: place + ":kill")
            try #require(killed.wasKilled, "\(killed.output)")
            try await project.sql(change)
            // Once more, with rows of its own.
            let again = try await project.run(["run", "copy"], failpoint: place + ":kill")
            try #require(again.wasKilled, "\(change): \(again.output)")
            FaultCount.add("kill -9 while rows are stored ahead, and the source changed", 2)
            let resumed = try await project.run(["run", "copy"])
            #expect(
              resumed.status == 0 && resumed.output.contains("run_resumed"), "\(change): \(resumed.output)")
            #expect(
              try await project.rows("SELECT id, amount, double FROM result ORDER BY id")
                == project.rows("SELECT id, amount, amount * 2 FROM sales ORDER BY id"), "\(change)")
            // A run that nothing befalls, into the table that is there by now.
            let undisturbed = try await project.run(["run", "copy"])
            #expect(undisturbed.status == 0, "\(change): \(undisturbed.output)")
            // Its chunks are others where rows have come, and so is their order.
            let published = try await project.rows(
              "SELECT count(*), count(DISTINCT rows) FROM tidemark.publications")
            #expect(published == [["2", "1"]], "\(change)")
            let left = try await project.rows("SELECT relname FROM pg_class WHERE relname LIKE 'tidemark%'")
            #expect(left == [], "\(change)")
          }
        }
      }
    }

    /// It is not read to its end for nothing.
    @Test func aRowThatMayNotBeStoredEndsTheRun() async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          """
          CREATE TABLE sales AS SELECT i AS id, timestamp '2026-03-14' + i * interval '1 minute' AS at
          FROM generate_series(1, 100) AS i
          """,
          "ALTER TABLE sales ADD PRIMARY KEY (id)", "ANALYZE sales")
        try project.write(
          "jobs/copy.yaml",
          """
          version: 1
          job: copy
          timezone: UTC
          interval: {span: day}
          source:
            connection: db
            table: sales
            where: at >= ${window.start} AND at < ${window.end}
            chunk: {by: key, column: id, rows: 10}
          process:
            - derive: {day: "CASE WHEN id = 3 THEN date '2020-01-01' ELSE at::date END"}
            - select: [id, day]
          store:
            - table: {connection: db, name: result, mode: replace_window, window: day, create: true}

          """)
        let run = try await project.run(["run", "copy", "--for", "2026-03-14"])
        #expect(run.status == 4 && run.output.contains("outside_window"), "\(run.output)")
        #expect(!run.output.contains("once all are read"), "\(run.output)")
      }
    }
  }
}
