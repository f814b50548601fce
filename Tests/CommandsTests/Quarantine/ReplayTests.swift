import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

/// Rejected rows go through the job once more after a fix, and end up in the next revision.
@Suite(.timeLimit(.minutes(8))) struct ReplayTests {
  /// Every type that quarantine has to keep digit for digit.
  private static let columns = """
    id bigint, shop text, code text, qty integer, price numeric(12, 4), rate numeric, weight double precision, \
    share real, sold_at timestamptz, local timestamp, day date, took interval, ref uuid, kind char(3), \
    flag boolean, tags text[], note json, more jsonb, raw bytea, mood mood, phone varchar(20)
    """

  private static func job(
    _ steps: String, mode: String = "replace_window, window: day", sensitive: String = "",
    measures: String = """
    n: count(*), total: sum(qty * price), rates: sum(rate), weight: sum(weight), share: max(share),
        last_at: max(sold_at), last_local: max(local), took: sum(took), refs: count(distinct ref),
        kinds: min(kind), flags: bool_or(flag), tags: max(tags_text), raws: max(raw_text)
    """
  ) -> String {
    """
    version: 1
    job: sales
    interval: {span: day}
    source:
      connection: db
      table: sales
      where: day = ${interval.start_date}
      add_columns: {tags_text: "tags::text", raw_text: "raw::text"}
      chunk: {by: key, column: id, rows: 50}
      \(sensitive)
    process:
    \(steps)
    aggregate:
      group_by: [day, shop]
      measures:
        {\(measures)}
    store:
      - table: {connection: db, name: result, mode: \(mode), create: true}
      - file: {path: "sales-${interval.label}.csv"}

    """
  }

  private static let strict = """
      - filter: qty < 900
      - validate: {expect: "code LIKE 'k%'"}
        on_fail: quarantine
      - lookup: {from: {connection: db, table: shops}, match: {shop: shop}, take: {shop_name: name}, on_missing: quarantine}
    """
  private static let mended = strict.replacing("'k%'", with: "'%'")

  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TYPE mood AS ENUM ('glad', 'sad')",
        "CREATE TABLE shops (shop text PRIMARY KEY, name text)",
        "INSERT INTO shops VALUES ('a', 'Arras'), ('b', 'Brest')",
        "CREATE TABLE sales (\(columns))",
        """
        INSERT INTO sales SELECT i, (ARRAY['a', 'b', 'c'])[i % 3 + 1], CASE WHEN i % 11 = 0 THEN 'x' ELSE 'k' END || i,
          i * 37 % 1000, i * 7919 % 100003 / 10000.0, CASE WHEN i % 50 = 0 THEN 'NaN' ELSE 1.10 END * (i::numeric / 3),
          i / 7.0::float8, i / 3.0::float4, '2026-03-14 00:00+00'::timestamptz + i * '17 seconds'::interval,
          '2026-03-14'::timestamp + i * '17.000001 seconds'::interval, '2026-03-14', i * '1 mon 2 days 3.5 s'::interval,
          md5(i::text)::uuid, CASE WHEN i % 7 = 0 THEN NULL ELSE 'k' || i % 4 END, i % 2 = 0,
          ARRAY['it''s "' || i, NULL, E'\\\\ü'], json_build_object('i', i, 'text', 'a"b'), jsonb_build_object('j', i),
          decode(md5(i::text), 'hex'), (ARRAY['glad', 'sad'])[i % 2 + 1]::mood, '+49' || i
        FROM generate_series(1, 300) AS i
        """,
        "ALTER TABLE sales ADD PRIMARY KEY (id)", "ANALYZE sales")
      try project.write("jobs/sales.yaml", job(strict))
      try await body(project)
    }
  }

  private static func stored(_ project: TidemarkProject) async throws -> [[String]] {
    try await project.rows("SELECT * FROM result ORDER BY day, shop")
  }

  private static func succeeded(_ project: TidemarkProject) async throws -> [RunRecord] {
    let store = try await Store.openSQLite(path: project.path(".tidemark/state.db"), now: { SystemClock.now })
    let runs = try await store.runs(RunFilter(states: [.succeeded]))
    let findings = try await store.check()
    await store.close()
    #expect(findings == [])
    return runs
  }

  /// Fails, is mended in the job and in the lookup's table, and is replayed: as if it had been right at first.
  private static func fix(_ project: TidemarkProject) async throws -> RunID {
    let first = try await project.run(["run", "sales", "--for", "2026-03-14"])
    try #require(first.status == 0, "\(first.output)")
    let run = try #require(try await succeeded(project).first)
    try #require(run.totals.rows.quarantined > 100)
    try project.write("jobs/sales.yaml", job(mended))
    try await project.sql("INSERT INTO shops VALUES ('c', 'Calais')")
    return run.id
  }

  /// What a run that reads everything gives with the mended job.
  private static func expectAsReadAnew(_ project: TidemarkProject) async throws {
    let replayed = try await stored(project)
    let file = try project.read("out/sales-2026-03-14.csv")
    let anew = try await project.run(["run", "sales", "--for", "2026-03-14", "--again"])
    try #require(anew.status == 0, "\(anew.output)")
    #expect(try await stored(project) == replayed)
    #expect(try project.read("out/sales-2026-03-14.csv") == file)
  }

  @Test func whatPassesAfterTheFixIsPublishedWithTheRest() async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      let replay = try await project.run(["quarantine", "replay", run.text])
      #expect(replay.status == 0 && replay.output.contains("revision 2"), "\(replay.output)")
      #expect(replay.output.contains("only the replayed rows went through them"), "\(replay.output)")
      let newest = try #require(try await Self.succeeded(project).first)
      #expect(newest.replayOf == run && newest.revision == 2 && newest.totals.rows.quarantined == 0)
      #expect(newest.totals.rows.read == 267 && newest.totals.rows.kept == 267)
      // Each row once, as the run that is replayed here found or missed it in vain.
      #expect(replay.output.contains("step 3 (lookup): 267 rows found, 0 not"), "\(replay.output)")
      let again = try await project.run(["quarantine", "replay", run.text])
      #expect(again.status == 0 && again.output.contains("was replayed before, by run \(newest.id)"))
      #expect(try await Self.succeeded(project).count == 2)
      try await Self.expectAsReadAnew(project)
    }
  }

  @Test(arguments: [
    "state.open_run.after_commit", "state.adopt_chunks.before_commit", "state.adopt_chunks.after_commit",
    "plan.saved", "chunk.read", "state.checkpoint.before_commit", "state.checkpoint.after_commit",
    "read.done",
    "merge.middle", "publish.before_commit", "publish.after_commit", "file.before_rename",
    "file.after_rename",
    "state.mark_replayed.before_commit", "state.mark_replayed.after_commit", "run.before_success",
    "run.after_success",
  ])
  func killedAndGivenAgain(at failpoint: String) async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      let command = ["quarantine", "replay", run.text]
      let killed = try await project.run(command, failpoint: "\(failpoint):1:kill")
      try #require(killed.wasKilled, "\(failpoint) was not reached: \(killed.output)")
      // Rows that a replay needs cannot be purged under it.
      if failpoint == "plan.saved" {
        let purge = try await project.run(["quarantine", "purge", run.text])
        #expect(purge.output.hasPrefix("0 rows"), "\(purge.output)")
      }
      let again = try await project.run(command)
      #expect(again.status == 0, "\(again.output)")
      let runs = try await Self.succeeded(project)
      #expect(runs.map(\.revision) == [2, 1] && runs[0].totals.rows.kept == 267, "\(again.output)")
      try await Self.expectAsReadAnew(project)
    }
  }

  /// `run` finds the unfinished replay, and does not read the source into it.
  @Test func anUnfinishedReplayIsGoneOnWithByRun() async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      let killed = try await project.run(["quarantine", "replay", run.text], failpoint: "chunk.read:1:kill")
      try #require(killed.wasKilled)
      let resumed = try await project.run(["run", "sales", "--for", "2026-03-14"])
      #expect(resumed.status == 0, "\(resumed.output)")
      let newest = try #require(try await Self.succeeded(project).first)
      #expect(newest.replayOf == run && newest.totals.rows.kept == 267)
      try await Self.expectAsReadAnew(project)
    }
  }

  /// Who asks for the interval anew gets it read: a replay that has published nothing makes way, any other is finished.
  @Test(arguments: [("chunk.read:1:kill", 2), ("publish.after_commit:1:kill", 3)])
  func anUnfinishedReplayIsNoAnswerToAgain(_ failpoint: String, _ revision: Int) async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      let killed = try await project.run(["quarantine", "replay", run.text], failpoint: failpoint)
      try #require(killed.wasKilled)
      try await project.sql("UPDATE sales SET price = price + 1 WHERE id = 1")
      let anew = try await project.run(["run", "sales", "--for", "2026-03-14", "--again"])
      #expect(anew.status == 0 && anew.output.contains("revision \(revision)"), "\(anew.output)")
      #expect(anew.output.contains("--again reads the source anew") == (revision == 2), "\(anew.output)")
      #expect(try await Self.succeeded(project).first?.replayOf == nil)
      try await Self.expectAsReadAnew(project)
    }
  }

  /// As its hint says, `--again` helps where the job does not fit the rows.
  @Test func whatTheJobDoesNotFitIsReadAnew() async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      try project.write(
        "jobs/sales.yaml", Self.job(Self.mended + "\n  - validate: {expect: phone IS NOT NULL}"))
      let replay = try await project.run(["quarantine", "replay", run.text])
      try #require(replay.status == 3 && replay.output.contains("error[replay_misfit]"), "\(replay.output)")
      let anew = try await project.run(["run", "sales", "--for", "2026-03-14", "--again"])
      #expect(anew.status == 0 && anew.output.contains("revision 2"), "\(anew.output)")
      #expect(try await Self.succeeded(project).first?.replayOf == nil)
      try await Self.expectAsReadAnew(project)
    }
  }

  /// Arrays, documents, enums and bytes are carried through quarantine and back as they were.
  @Test func rowsOfEveryTypeComeBackAsTheyWere() async throws {
    try await Self.with { project in
      func job(_ rule: String) -> String {
        """
        version: 1
        job: rows
        source: {connection: db, table: sales, chunk: {by: key, column: id, rows: 50}}
        process:
          - validate: {expect: "\(rule)"}
            on_fail: quarantine
          - select: [id, shop, code, qty, price, rate, weight, share, sold_at, local, day, took, ref, kind, flag, tags, note, more, raw, mood, phone]
        store:
          - table: {connection: db, name: copied, mode: merge, key: [id], create: true}

        """
      }
      try project.write("jobs/rows.yaml", job("id % 2 = 0"))
      let first = try await project.run(["run", "rows"])
      try #require(first.status == 0, "\(first.output)")
      let run = try #require(try await Self.succeeded(project).first)
      #expect(run.totals.rows.quarantined == 150)
      try project.write("jobs/rows.yaml", job("id > 0"))
      let replay = try await project.run(["quarantine", "replay", run.id.text])
      #expect(replay.status == 0, "\(replay.output)")
      let different = try await project.rows(
        """
        SELECT s.id FROM sales AS s FULL JOIN copied AS c ON c.id = s.id
        WHERE (s.*)::text IS DISTINCT FROM (c.*)::text
        """)
      #expect(different == [])
      #expect(try await project.rows("SELECT count(*) FROM copied") == [["300"]])
    }
  }

  @Test func whatFailsAgainStaysOnceAndCanBeReplayedAgain() async throws {
    try await Self.with { project in
      let first = try await project.run(["run", "sales", "--for", "2026-03-14"])
      try #require(first.status == 0, "\(first.output)")
      let run = try #require(try await Self.succeeded(project).first)
      try await project.sql("INSERT INTO shops VALUES ('c', 'Calais')")
      let replay = try await project.run(["quarantine", "replay", run.id.text])
      #expect(replay.status == 0, "\(replay.output)")
      let second = try #require(try await Self.succeeded(project).first)
      // Those with a bad code; the multiples of 11 under 301 but for what the filter takes out.
      let bad = try await project.rows("SELECT count(*) FROM sales WHERE id % 11 = 0 AND qty < 900")[0][0]
      #expect("\(second.totals.rows.quarantined)" == bad)
      let shown = try await project.run(["quarantine", "export", second.id.text])
      #expect("\(shown.output.split(separator: "\n").count)" == bad)
      let old = try await project.run(["quarantine", "replay", run.id.text])
      #expect(old.status == 0 && old.output.contains("\(bad) rows are still in quarantine"), "\(old.output)")
      try project.write("jobs/sales.yaml", Self.job(Self.mended))
      let third = try await project.run(["quarantine", "replay", second.id.text])
      #expect(third.status == 0 && third.output.contains("revision 3"), "\(third.output)")
      #expect(try await Self.succeeded(project).first?.totals.rows.quarantined == 0)
      try await Self.expectAsReadAnew(project)
    }
  }

  @Test(arguments: [
    (job(mended, mode: "append"), 3, "error[replay_append]: Mode `append` takes no replay of rejected rows"),
    (
      job(mended, sensitive: "sensitive: [code]"), 3,
      "error[replay_misfit]: The rows in quarantine lack `code`, which the job uses"
    ),
    (
      job(mended + "\n  - validate: {expect: phone IS NOT NULL}"), 3,
      "in quarantine lack `phone`, which the job uses now"
    ),
    (
      job("  - filter: phone <> ''\n".replacing("phone <> ''", with: "mood = 'sad'") + mended), 3,
      "which the job uses now"
    ),
    (
      job(mended, measures: "n: count(*), total: sum(price)"), 3,
      "error[replay_misfit]: The job aggregates otherwise than run"
    ),
  ])
  func refusedByName(_ job: String, _ status: Int32, _ sentence: String) async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      let before = try await Self.stored(project)
      try project.write("jobs/sales.yaml", job)
      let replay = try await project.run(["quarantine", "replay", run.text])
      #expect(replay.status == status && replay.output.contains(sentence), "\(replay.output)")
      #expect(try await Self.stored(project) == before)
      // Put right, the same command finishes it.
      try project.write("jobs/sales.yaml", Self.job(Self.mended))
      let mended = try await project.run(["quarantine", "replay", run.text])
      #expect(mended.status == 0, "\(mended.output)")
      try await Self.expectAsReadAnew(project)
    }
  }

  @Test func runsThatCannotBeReplayedAreNamed() async throws {
    try await Self.with { project in
      let run = try await Self.fix(project)
      let unknown = try await project.run(["quarantine", "replay", "r00"])
      #expect(unknown.status == 3 && unknown.output.contains("There is no run and no job named `r00`"))
      let anew = try await project.run(["run", "sales", "--for", "2026-03-14", "--again"])
      try #require(anew.status == 0, "\(anew.output)")
      let replaced = try await project.run(["quarantine", "replay", run.text])
      #expect(
        replaced.status == 8 && replaced.output.contains("was replaced by revision 2"), "\(replaced.output)")
      let newest = try #require(try await Self.succeeded(project).first)
      let none = try await project.run(["quarantine", "replay", newest.id.text])
      #expect(none.status == 0 && none.output.contains("has no rows in quarantine"), "\(none.output)")
    }
  }
}
