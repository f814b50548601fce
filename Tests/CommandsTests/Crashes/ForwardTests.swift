import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

/// Past the first commit a run is brought to its end as it was begun, whatever has changed meanwhile.
@Suite(.timeLimit(.minutes(5))) struct ForwardTests {
  /// Between two of the crash job's stores: the state knows, the target knows, nobody but the target knows.
  static let places = ["publish.marked:1:kill", "publish.after_commit:1:kill", "file.before_rename:1:kill"]

  private static let changedJob = CrashScenario.groups.job
    .replacing("total: sum(amount), ", with: "")
    .replacing("qty > 0", with: "qty > 3")
    .replacing("crash.csv.gz", with: "renamed.csv.gz")

  /// Past the first commit the source is never asked again: what was published is brought to its end.
  @Test func onlyForwardAfterTheFirstCommit() async throws {
    for failpoint in [
      "state.sink_committed.before_commit:1:kill", "state.sink_committed.before_commit:1:error",
    ] {
      try await CrashWorld.with { world in
        let first = try await world.project.run(CrashWorld.command, failpoint: failpoint)
        try #require(first.status != 0)
        try await world.project.sql("DELETE FROM events WHERE id > 200")
        let second = try await world.project.run(CrashWorld.command)
        #expect(second.status == 0, "\(failpoint): \(second.output)")
        let undisturbed = try await CrashWorld.undisturbed()
        let traces = try await world.traces()
        #expect(traces.tables == undisturbed.tables)
        #expect(traces.files == undisturbed.files)
      }
    }
  }

  @Test(arguments: places) func aChangedJobFileWaitsForTheNextRun(_ place: String) async throws {
    try await CrashWorld.with { world in
      let first = try await world.project.run(CrashWorld.command, failpoint: place)
      try #require(first.wasKilled, "\(first.output)")
      try world.project.write("jobs/crash.yaml", Self.changedJob)
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0, "\(second.output)")
      #expect(second.output.contains("has changed since this run began to publish"), "\(second.output)")
      try await world.expectUndisturbed()
      let done = try await world.project.run(CrashWorld.command)
      #expect(done.status == 0 && !done.output.contains("sink_published"), "\(done.output)")
    }
  }

  @Test(arguments: [
    ["ALTER TABLE events DROP COLUMN amount"], ["ALTER TABLE events RENAME TO gone"], ["DROP TABLE events"],
    ["ALTER TABLE events ALTER COLUMN qty TYPE numeric", "DELETE FROM events"],
  ])
  func theSourceMayBeGone(_ statements: [String]) async throws {
    try await CrashWorld.with { world in
      let first = try await world.project.run(CrashWorld.command, failpoint: "publish.after_commit:1:kill")
      try #require(first.wasKilled, "\(first.output)")
      for statement in statements { try await world.project.sql(statement) }
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0, "\(second.output)")
      try await world.expectUndisturbed()
    }
  }

  /// What is published needs no privilege any more.
  @Test func aPrivilegeIsTakenBack() async throws {
    try await CrashWorld.with { world in
      let role = "forward_" + (try await world.project.rows("SELECT current_database()")[0][0])
      try await world.project.sql(
        "CREATE ROLE \(role) LOGIN", "GRANT ALL ON SCHEMA public TO \(role)",
        "GRANT ALL ON events, told TO \(role)",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO \(role)', current_database()); END $$")
      try world.project.write(
        "tidemark.yaml", world.project.file("").replacing("user=postgres", with: "user=\(role)"))
      let first = try await world.project.run(CrashWorld.command, failpoint: "publish.marked:1:kill")
      try #require(first.wasKilled, "\(first.output)")
      try await world.project.sql("REVOKE ALL ON by_window, appended, merged FROM \(role)")
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0, "\(second.output)")
      try await world.expectUndisturbed()
      try await world.project.sql("DROP OWNED BY \(role)", "DROP ROLE \(role)")
    }
  }

  /// What the run is bound to is damaged or gone: where the job file and the source are as they were it goes on,
  /// else it says what to put back.
  @Test(
    arguments: [
      (CrashScenario.groups, "publish.marked:1:kill"), (.groups, "publish.after_commit:1:kill"),
      (.chunks, "chunk.after_publish:2:kill"), (.chunks, "publish.marked:1:kill"),
    ],
    [
      "UPDATE tidemark_state.blocks SET frame = substr(frame, 1, length(frame) - 2) WHERE kind = 'commitment'",
      "DELETE FROM tidemark_state.blocks WHERE kind = 'commitment'",
    ])
  func theSavedJobIsDamaged(_ place: (CrashScenario, String), _ damage: String) async throws {
    try await CrashWorld.with(.postgres, place.0) { world in
      let first = try await world.run(place.1)
      try #require(first.wasKilled, "\(first.output)")
      try await world.project.sql(damage)
      try world.project.write("jobs/crash.yaml", place.0.job.replacing("qty > 0", with: "qty > 3"))
      let changed = try await world.run()
      #expect(changed.status == 1 && changed.output.contains("Put the job file back"), "\(changed.output)")
      try world.project.write("jobs/crash.yaml", place.0.job)
      try await world.project.sql("ALTER TABLE events ALTER COLUMN qty TYPE bigint")
      let altered = try await world.run()
      #expect(altered.status == 3 && altered.output.contains("source_changed"), "\(altered.output)")
      try await world.project.sql("ALTER TABLE events ALTER COLUMN qty TYPE int")
      // Rows would lie in another order without it.
      if place.0 == .chunks { try await world.project.sql("ALTER TABLE events DROP CONSTRAINT events_pkey") }
      let last = try await world.run()
      #expect(last.status == 0 && last.output.contains("plan_damaged"), "\(last.output)")
      try await world.expectUndisturbed(notices: false)
    }
  }

  /// Before the commit the changed job counts, and the old run gives way.
  @Test func aChangedJobFileCountsBeforeTheFirstCommit() async throws {
    try await CrashWorld.with { world in
      let first = try await world.project.run(CrashWorld.command, failpoint: "publish.started:1:kill")
      try #require(first.wasKilled, "\(first.output)")
      try world.project.write(
        "jobs/crash.yaml", CrashScenario.groups.job.replacing("qty > 0", with: "qty > 3"))
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0 && second.output.contains("run_superseded"), "\(second.output)")
      let counted = try await world.project.rows(
        "SELECT sum(n)::text, (SELECT count(*)::text FROM events WHERE qty > 3 AND at >= '2026-03-14' AND at < '2026-03-15') FROM by_window"
      )[0]
      #expect(counted[0] == counted[1])
    }
  }

  /// Past its first commit a run can only be finished, and whoever asks for its end is told so.
  @Test func cancelledTooLate() async throws {
    try await CrashWorld.with { world in
      let output = world.project.path("said")
      let process = try #require(try await world.stopped(at: "publish.marked:1", output: output))
      let cancel = try await world.project.run(["cancel", "crash", "--reason", "wrong prices"])
      #expect(cancel.status == 8 && cancel.output.contains("published in part"), "\(cancel.output)")
      process.signal(SIGCONT)
      let run = try await world.project.end(of: process, output: output)
      #expect(run.status == 0, "\(run.output)")
      try await world.expectUndisturbed()
    }
  }

  /// Over a publish nobody can tell yet: the run stops, and when it is resumed it is finished if it had published,
  /// else cancelled.
  @Test(arguments: ["publish.before_commit:1", "publish.middle:1", "publish.after_commit:1"])
  func cancelledOverItsPublish(_ place: String) async throws {
    try await CrashWorld.with { world in
      let output = world.project.path("said")
      let process = try #require(try await world.stopped(at: place, output: output))
      // Longer than the interval in which a request is looked for.
      try await world.project.sql("SELECT pg_sleep(1.1)")
      let cancel = try await world.project.run(["cancel", "crash", "--reason", "wrong prices"])
      // Where it has, the target says so already.
      #expect(cancel.status == (place == "publish.after_commit:1" ? 8 : 0), "\(cancel.output)")
      process.signal(SIGCONT)
      var run = try await world.project.end(of: process, output: output)
      for _ in 0..<2 where run.status != 0 {
        #expect(run.status == 7 && run.output.contains("wrong prices"), "\(run.output)")
        run = try await world.run()
      }
      #expect(run.status == 0, "\(run.output)")
      let undisturbed = try await CrashWorld.undisturbed()
      let traces = try await world.traces()
      #expect(traces.tables == undisturbed.tables && traces.files == undisturbed.files)
      #expect(traces.leftovers == [])
    }
  }

  @Test func whatFailsBehindThePublishCanBeMended() async throws {
    try await CrashWorld.with { world in
      try world.project.write(
        "jobs/crash.yaml", CrashScenario.groups.job.replacing("INTO told", with: "INTO untold"))
      let first = try await world.project.run(CrashWorld.command)
      #expect(first.status == 3 && first.output.contains("untold"), "\(first.output)")
      try world.project.write("jobs/crash.yaml", CrashScenario.groups.job)
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0, "\(second.output)")
      try await world.expectUndisturbed(notices: false)
    }
  }

  /// The ledger in the target knows which revisions there are, where the state that knew is lost.
  @Test func againAfterALostStateMakesTheNextRevision() async throws {
    try await CrashWorld.with { world in
      let first = try await world.project.run(CrashWorld.command)
      try #require(first.status == 0)
      let before = try await world.traces()
      try FolderTree.remove(world.project.path(".tidemark"))
      try await world.project.sql("UPDATE events SET amount = amount + 1 WHERE id = 100")
      for place in ["state.raise_revision.after_commit:1:kill", "publish.before_commit:1:kill"] {
        let killed = try await world.project.run(CrashWorld.command + ["--again"], failpoint: place)
        try #require(killed.wasKilled, "\(killed.output)")
      }
      // That it is to be a new revision was said when it was begun.
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0, "\(second.output)")
      #expect(
        try await world.project.rows("SELECT DISTINCT revision::text FROM tidemark.publications ORDER BY 1")
          == [["1"], ["2"]])
      #expect(
        try await world.project.rows("SELECT count(*)::text, count(DISTINCT _run_id)::text FROM appended")
          == [["3", "1"]])
      let after = try await world.traces()
      #expect(after.tables.count == before.tables.count && after.tables != before.tables)
      #expect(after.files.keys == before.files.keys && after.files != before.files)
    }
  }
}
