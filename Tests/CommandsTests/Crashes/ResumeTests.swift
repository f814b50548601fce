import DemoServer
import Glibc
import Model
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// What a resumed run keeps, and what makes it read again.
  @Suite(.timeLimit(.minutes(5))) struct ResumeTests {
    /// A change of the source between crash and resume.
    struct Change: Sendable, CustomTestStringConvertible {
      var name: String
      var statements: [String]
      /// Finished chunks that count after it.
      var kept: Int
      var onResume = "auto"
      /// Why they count, or why not.
      var reason = "every finished chunk was proved unchanged"

      var testDescription: String { name }
    }

    static let changes = [
      Change(name: "nothing", statements: [], kept: 3),
      Change(name: "row added", statements: ["INSERT INTO events VALUES (5000, 'a', 1)"], kept: 3),
      Change(
        name: "row added where it was read", statements: ["INSERT INTO events VALUES (-5, 'a', 1)"], kept: 0,
        reason: "chunk 0: it has 20 rows now and had 19"),
      Change(
        name: "row changed", statements: ["UPDATE events SET amount = 1e6 WHERE id = 7"], kept: 0,
        reason: "1 of its rows may have changed"),
      Change(
        name: "row deleted", statements: ["DELETE FROM events WHERE id = 7"], kept: 0,
        reason: "18 rows now and had 19"),
      Change(
        name: "row deleted and another added",
        statements: ["DELETE FROM events WHERE id = 7", "INSERT INTO events VALUES (7, 'b', 9)"], kept: 0,
        reason: "1 of its rows may have changed"),
      Change(
        name: "key moved", statements: ["UPDATE events SET id = 900 WHERE id = 7"], kept: 0,
        reason: "18 rows now and had 19"),
      Change(
        name: "emptied and filled again",
        statements: [
          "CREATE TABLE copied AS SELECT * FROM events", "TRUNCATE events",
          "INSERT INTO events SELECT * FROM copied",
        ], kept: 0, reason: "the table was rewritten"),
      Change(
        name: "rewritten", statements: ["VACUUM FULL events"], kept: 0, reason: "the table was rewritten"),
      Change(name: "vacuumed", statements: ["VACUUM FREEZE events"], kept: 3),
      Change(
        name: "told to recompute", statements: [], kept: 0, onResume: "recompute",
        reason: "the job reads everything again"),
      Change(
        name: "told to recompute what has changed",
        statements: ["UPDATE events SET amount = 1e6 WHERE id = 7"],
        kept: 0, onResume: "recompute", reason: "the job reads everything again"),
      Change(
        name: "told to keep", statements: ["DELETE FROM events WHERE id = 7"], kept: 3, onResume: "keep",
        reason: "keeps finished chunks whatever has changed"),
    ]

    private func job(_ onResume: String) -> String {
      """
      version: 1
      job: resumed
      source: {connection: db, table: events, chunk: {by: key, column: id, rows: 20}, on_resume: \(onResume)}
      aggregate:
        group_by: [kind]
        measures: {n: count(*), total: sum(amount)}
      store:
        - table: {connection: db, name: result, mode: replace, create: true}
      limits: {parallelism: 1}

      """
    }

    private static let aggregated =
      "SELECT kind, count(*)::text, sum(amount)::text FROM events GROUP BY kind ORDER BY 1"

    private func fill(_ project: TidemarkProject) async throws {
      try await project.sql(
        "CREATE TABLE events (id int PRIMARY KEY, kind text, amount numeric)",
        "INSERT INTO events SELECT i, (ARRAY['a', 'b', 'c'])[i % 3 + 1], i / 7.0 FROM generate_series(1, 100) AS i",
        "ANALYZE events")
      try await waitForOlderTransactions(project)
    }

    /// Proofs go by the oldest transaction that ran when a chunk was read, and other tests' databases
    /// are on the same server.
    private func waitForOlderTransactions(_ project: TidemarkProject) async throws {
      let newest = try await project.rows("SELECT pg_current_xact_id()")[0][0]
      while try await project.rows("SELECT pg_snapshot_xmin(pg_current_snapshot()) > '\(newest)'::xid8")[0]
        != [
          "t"
        ]
      {
        await Task.yield()
      }
    }

    private func kill(_ project: TidemarkProject, at place: String) async throws {
      let killed = try await project.run(["run", "resumed"], failpoint: place)
      try #require(killed.wasKilled, "\(killed.output)")
    }

    @Test(arguments: changes) func afterACrash(_ change: Change) async throws {
      try await TidemarkProject.with { project in
        try await fill(project)
        try project.write("jobs/resumed.yaml", job(change.onResume))
        let before = try await project.rows(Self.aggregated)
        try await kill(project, at: "chunk.read:4:kill")
        for statement in change.statements { try await project.sql(statement) }
        let resumed = try await project.run(["run", "resumed"])
        try #require(resumed.status == 0, "\(resumed.output)")
        #expect(resumed.output.contains("run_resumed"), "\(resumed.output)")
        #expect(
          resumed.output.contains("kept=\(change.kept) recomputed=\(3 - change.kept)"), "\(resumed.output)")
        try await expectReceipt(project, change)
        let expected = change.onResume == "keep" ? before : try await project.rows(Self.aggregated)
        #expect(
          try await project.rows("SELECT kind, n::text, total::text FROM result ORDER BY 1") == expected)
      }
    }

    /// The receipt has the snapshots of the chunks that the result is made of, and what was kept of those before the crash, and
    /// why.
    private func expectReceipt(_ project: TidemarkProject, _ change: Change) async throws {
      let report = try await project.run(["report", "resumed", "--json"])
      let receipt = try JSONValue(parsing: report.output)
      let snapshots = receipt["snapshots"]?.elements ?? []
      #expect(
        snapshots.compactMap { $0["chunks"]?.intValue } == (change.kept > 0 ? [3, 3] : [6]),
        "\(report.output)")
      #expect(snapshots.allSatisfy { $0["connection"]?.stringValue == "db" }, "\(report.output)")
      let resumed = receipt["resumed"]?.elements ?? []
      #expect(
        resumed.map { [$0["kept"]?.intValue, $0["recomputed"]?.intValue] } == [
          [change.kept, 3 - change.kept]
        ],
        "\(report.output)")
      let reason = resumed.first?["reason"]?.stringValue ?? ""
      #expect(reason.contains(change.reason), "\(report.output)")
      let isMixed = change.onResume == "keep"
      #expect(
        receipt["warnings"]?.elements.contains { $0.stringValue?.contains("2 snapshots") == true } == isMixed,
        "\(report.output)")
    }

    /// The moment that a run was begun for stays what `${fire.time}` stands for, and a column that is computed in another way
    /// is told before the run is gone on with.
    @Test func theMomentOfARunStays() async throws {
      try await TidemarkProject.with { project in
        try await fill(project)
        let timed = job("auto").replacing(
          "table: events,", with: "table: events, add_columns: {at: \"${fire.time}\"},"
        ).replacing("total: sum(amount)", with: "total: sum(amount), first: min(at), last: max(at)")
        try project.write("jobs/resumed.yaml", timed)
        try await kill(project, at: "chunk.read:4:kill")
        let preview = try await project.run(["resume", "resumed", "--dry-run"])
        #expect(preview.output.contains("every finished chunk was proved unchanged"), "\(preview.output)")
        try project.write(
          "jobs/resumed.yaml", timed.replacing("\"${fire.time}\"", with: "\"${fire.time} + interval '1 s'\""))
        let changed = try await project.run(["resume", "resumed", "--dry-run"])
        #expect(changed.output.contains("a new run takes its place"), "\(changed.output)")
        try project.write("jobs/resumed.yaml", timed)
        let resumed = try await project.run(["run", "resumed"])
        try #require(resumed.status == 0, "\(resumed.output)")
        #expect(resumed.output.contains("kept=3 recomputed=0"), "\(resumed.output)")
        #expect(
          try await project.rows(
            "SELECT count(DISTINCT at)::text FROM (SELECT first AS at FROM result UNION SELECT last FROM result) AS moments"
          ) == [["1"]])
      }
    }

    /// A server that is put back from a copy has older rows where changed ones were read, which look unchanged.
    @Test func aServerThatIsPutBack() async throws {
      try await OwnServers.with { servers in
        try await TidemarkProject.with(on: servers[0]) { project in
          try await fill(project)
          try project.write("jobs/resumed.yaml", job("auto"))
          let (data, copy) = (servers[0].folder + "/data", servers[0].folder + "/copy")
          try await servers[0].restartImmediately {
            let isCopied = try await SystemProgram.run("/bin/cp", "-a", data, copy)
            try #require(isCopied)
          }
          try await project.sql("UPDATE events SET amount = 1e6 WHERE id = 7")
          try await waitForOlderTransactions(project)
          try await kill(project, at: "chunk.read:4:kill")
          try await servers[0].restartImmediately {
            try FolderTree.remove(data)
            try #require(rename(copy, data) == 0)
          }
          FaultCount.add("server put back from a copy")
          let resumed = try await project.run(["run", "resumed"])
          try #require(resumed.status == 0, "\(resumed.output)")
          #expect(resumed.output.contains("kept=0 recomputed=3"), "\(resumed.output)")
          #expect(resumed.output.contains("gone back in time"), "\(resumed.output)")
          #expect(
            try await project.rows("SELECT kind, n::text, total::text FROM result ORDER BY 1")
              == project.rows(Self.aggregated))
        }
      }
    }

    /// Columns that change between crash and resume: what the job does not use is no concern of it, and what it uses
    /// makes a new run, or a fault that names it until the change is undone.
    @Test(arguments: [
      ("ALTER TABLE events ADD COLUMN more int", "kept=3 recomputed=0", nil),
      ("ALTER TABLE events ADD COLUMN more float DEFAULT random()", "kept=0 recomputed=3", nil),
      ("ALTER TABLE events ALTER COLUMN amount TYPE numeric(20,6)", "run_superseded", nil),
      ("ALTER TABLE events ALTER COLUMN id TYPE bigint", "kept=0 recomputed=3", nil),
      (
        "ALTER TABLE events RENAME COLUMN amount TO worth", "amount",
        "ALTER TABLE events RENAME COLUMN worth TO amount"
      ),
      ("ALTER TABLE events RENAME TO gone", "events", "ALTER TABLE gone RENAME TO events"),
    ])
    func columnsChange(_ change: String, _ said: String, _ undo: String?) async throws {
      try await TidemarkProject.with { project in
        try await fill(project)
        try project.write("jobs/resumed.yaml", job("auto"))
        try await kill(project, at: "chunk.read:4:kill")
        try await project.sql(change)
        let resumed = try await project.run(["run", "resumed"])
        #expect(resumed.output.contains(said), "\(resumed.output)")
        if let undo {
          #expect(resumed.status == 3 || resumed.status == 1, "\(resumed.output)")
          try await project.sql(undo)
          let last = try await project.run(["run", "resumed"])
          #expect(last.status == 0 && last.output.contains("kept=3 recomputed=0"), "\(last.output)")
        } else {
          #expect(resumed.status == 0, "\(resumed.output)")
        }
        #expect(
          try await project.rows("SELECT kind, n::text, total::text FROM result ORDER BY 1")
            == project.rows(Self.aggregated))
      }
    }

    /// The rows of finished chunks lie in an order that the source's key or the job have given them.
    @Test(arguments: [
      ("ALTER TABLE events DROP CONSTRAINT events_pkey", "rows.csv"),
      ("SELECT", "rows.csv, order_by: amount"),
    ])
    func theOrderOfRowsChanges(_ change: String, _ file: String) async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          "CREATE TABLE events (id int PRIMARY KEY, kind text, amount numeric)",
          "INSERT INTO events SELECT i, 'a', i * 31 % 101 FROM generate_series(1, 100) AS i", "ANALYZE events"
        )
        try await waitForOlderTransactions(project)
        let job = """
          version: 1
          job: resumed
          source: {connection: db, table: events, chunk: {by: key, column: id, rows: 20}}
          process: [{select: [amount, id, kind]}]
          store: [{file: {path: rows.csv}}]
          limits: {parallelism: 1}

          """
        try project.write("jobs/resumed.yaml", job)
        for place in ["chunk.read:4:kill", "publish.started:1:kill"] { try await kill(project, at: place) }
        try await project.sql(change)
        try project.write("jobs/resumed.yaml", job.replacing("rows.csv", with: file))
        let resumed = try await project.run(["run", "resumed"])
        #expect(resumed.status == 0 && resumed.output.contains("run_superseded"), "\(resumed.output)")
        let written = try project.read("out/rows.csv")
        let again = try await project.run(["run", "resumed", "--again"])
        #expect(again.status == 0, "\(again.output)")
        #expect(try project.read("out/rows.csv") == written)
      }
    }

    /// What else a chunk depends on, and a change that no row of the table shows.
    static let readers = [
      ("where: id IN (SELECT id FROM wanted)", "DELETE FROM wanted WHERE id < 50"),
      ("where: EXISTS (SELECT FROM wanted AS w WHERE w.id = events.id)", "DELETE FROM wanted WHERE id < 50"),
      (
        "add_columns: {extra: (SELECT max(w.id) FROM wanted AS w WHERE w.id <= events.id)}",
        "DELETE FROM wanted WHERE id % 2 = 0"
      ),
      ("where: is_wanted(id)", "DELETE FROM wanted WHERE id < 50"),
      ("where: id <> limit_of()", "UPDATE wanted SET id = 999 WHERE id = 100"),
    ]

    /// The proof looks at the table's own rows; where others decide too, it proves nothing.
    @Test(arguments: readers) func whatOthersDecideIsReadAgain(_ line: String, _ change: String) async throws
    {
      try await TidemarkProject.with { project in
        try await project.sql(
          "CREATE TABLE events (id int PRIMARY KEY, kind text, amount numeric)",
          "INSERT INTO events SELECT i, 'a', i FROM generate_series(1, 100) AS i",
          "CREATE TABLE wanted AS SELECT id FROM events", "ANALYZE events",
          """
          CREATE FUNCTION is_wanted(int) RETURNS boolean STABLE LANGUAGE plpgsql
          AS 'BEGIN RETURN EXISTS (SELECT FROM public.wanted WHERE id = $1); END'
          """,
          "CREATE FUNCTION limit_of() RETURNS int STABLE LANGUAGE sql AS 'SELECT max(id) FROM public.wanted'")
        try await waitForOlderTransactions(project)
        let measure = line.hasPrefix("add") ? "sum(extra)" : "sum(amount)"
        try project.write(
          "jobs/resumed.yaml",
          job("auto").replacing(
            "source: {connection: db, table: events, chunk: {by: key, column: id, rows: 20}",
            with: """
              source:
                connection: db
                table: events
                \(line)
                chunk: {by: key, column: id, rows: 20}
              """
          ).replacing(", on_resume: auto}", with: "").replacing("sum(amount)", with: measure))
        try await kill(project, at: "chunk.read:3:kill")
        try await project.sql(change)
        let resumed = try await project.run(["run", "resumed"])
        try #require(resumed.status == 0, "\(resumed.output)")
        #expect(resumed.output.contains("kept=0 recomputed=2"), "\(resumed.output)")
        let whole = try await project.run(["run", "resumed"])
        try #require(whole.status == 0, "\(whole.output)")
        let runs = try await project.rows(
          "SELECT count(*)::text, count(DISTINCT result_hash)::text FROM tidemark.publications")
        #expect(runs == [["2", "1"]])
      }
    }
  }
}
