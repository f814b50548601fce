import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// `publish: per_chunk`: what can be seen at once is published once, and from the first chunk on a run only
  /// goes forward.
  @Suite(.timeLimit(.minutes(8))) struct ChunkPublishTests {
    /// What is published can be seen while the rest is read, and the ledger says that it is not whole.
    @Test func canBeSeenAtOnce() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let output = world.project.path("said")
        let process = try #require(
          try await world.stopped(at: "chunk.before_publish:3", output: output))
        let seen = try await world.project.rows(
          """
          SELECT (SELECT count(*) FROM appended) > 0, (SELECT count(*) FROM appended) < 250, rows IS NULL,
            result_hash IS NULL FROM tidemark.publications WHERE sink = '1:table'
          """)
        #expect(seen == [["t", "t", "t", "t"]])
        process.signal(SIGCONT)
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0, "\(run.output)")
        let told = try await world.project.rows(
          """
          SELECT rows = (SELECT count(*) FROM appended), rows = (SELECT sum(rows) FROM tidemark.publications
            WHERE sink LIKE '1:table#%'), result_hash = (SELECT result_hash FROM tidemark.publications
            WHERE sink = '3:table') FROM tidemark.publications WHERE sink = '1:table'
          """)
        #expect(told == [["t", "t", "t"]])
        try await world.expectUndisturbed()
      }
    }

    /// Rows that change where a chunk was published stay as they were published, once.
    @Test func publishedChunksStay() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run("chunk.after_publish:3:kill")
        try #require(first.wasKilled)
        let before = try await world.project.rows("SELECT id::text, amount::text FROM appended ORDER BY id")
        try await world.project.sql(
          "UPDATE events SET amount = -1, id = id + 1000 WHERE id < 110", "VACUUM FULL events")
        let dry = try await world.project.run(["resume", "crash", "--dry-run"])
        #expect(dry.status == 0 && dry.output.contains("published chunk by chunk"), "\(dry.output)")
        let second = try await world.run()
        #expect(second.status == 0 && second.output.contains("published chunk by chunk"), "\(second.output)")
        let after = try await world.project.rows("SELECT id::text, amount::text FROM appended ORDER BY id")
        #expect(Set(after.map { $0[0] }).count == after.count)
        #expect(before.allSatisfy(after.contains))
      }
    }

    @Test func aChangedJobFileWaitsForTheNextRun() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run("chunk.after_publish:2:kill")
        try #require(first.wasKilled)
        try world.project.write(
          "jobs/crash.yaml", world.scenario.job.replacing("qty > 0", with: "qty > 3"))
        let second = try await world.run()
        #expect(second.status == 0, "\(second.output)")
        #expect(second.output.contains("has changed since this run began to publish"), "\(second.output)")
        try await world.expectUndisturbed()
      }
    }

    /// Before the first chunk is published the changed job counts.
    @Test func aChangedJobFileCountsBeforeTheFirstChunk() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run("chunk.before_publish:1:kill")
        try #require(first.wasKilled)
        try world.project.write(
          "jobs/crash.yaml", world.scenario.job.replacing("qty > 0", with: "qty > 3"))
        let second = try await world.run()
        #expect(second.status == 0 && second.output.contains("run_superseded"), "\(second.output)")
        let counted = try await world.project.rows(
          "SELECT (SELECT count(*) FROM appended) = count(*) FROM events WHERE qty > 3 AND at >= '2026-03-14' AND at < '2026-03-15'"
        )
        #expect(counted == [["t"]])
      }
    }

    /// What is left cannot be read by the same plan: undo the change and go on, or give up and replace.
    @Test(arguments: [false, true]) func theSourceChanges(_ isGivenUp: Bool) async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run("chunk.after_publish:3:kill")
        try #require(first.wasKilled)
        try await world.project.sql("ALTER TABLE events ALTER COLUMN kind TYPE varchar(9)")
        let refused = try await world.run()
        #expect(refused.status == 3 && refused.output.contains("source_changed"), "\(refused.output)")
        if !isGivenUp {
          try await world.project.sql("ALTER TABLE events ALTER COLUMN kind TYPE text")
          let second = try await world.run()
          #expect(second.status == 0, "\(second.output)")
          try await world.expectUndisturbed(notices: false)
          return
        }
        let cancelled = try await world.project.run(["cancel", "crash"])
        #expect(
          cancelled.status == 0 && cancelled.output.contains("the chunks that it has published stay"),
          "\(cancelled.output)")
        let next = try await world.run()
        #expect(next.status == 0 && next.output.contains("revision 2"), "\(next.output)")
        let undisturbed = try await CrashWorld.undisturbed(.chunks)
        #expect(
          try await world.project.rows(CrashScenario.chunks.queries[0])
            == Array(
              undisturbed.tables.prefix(try await world.project.rows(CrashScenario.chunks.queries[0]).count)))
        #expect(try await world.project.rows("SELECT count(DISTINCT _run_id) FROM appended") == [["1"]])
        #expect(try world.project.read("out/crash.csv") == undisturbed.files["out/crash.csv"])
      }
    }

    /// Chunks of a revision that was given up are no success, whatever came before: everything says so, and the next run
    /// takes their place. Also when all chunks are there, and only other stores are missing.
    @Test(arguments: ["chunk.after_publish:3:kill", "publish.before_commit:1:kill"])
    func aRevisionInPartIsNotDone(_ place: String) async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        func says(_ command: String..., text: String) async throws {
          let told = try await world.project.run(command)
          #expect(told.output.contains(text), "\(command): \(told.output)")
        }
        let first = try await world.run()
        try #require(first.status == 0, "\(first.output)")
        let killed = try await world.project.run(
          CrashWorld.command + ["--again"], failpoint: place, environment: CrashWorld.environment)
        try #require(killed.wasKilled, "\(killed.output)")
        try await says("cancel", "crash", text: "the chunks that it has published stay")
        try await says("status", text: "1 needs you")
        try await says("show", "crash", text: "tidemark run crash --for 2026-03-14`")
        try await says(
          "backfill", "crash", "--from", "2026-03-14", "--to", "2026-03-15", "--dry-run", text: "2026-03-14")
        let next = try await world.run()
        #expect(next.status == 0 && next.output.contains("revision 3"), "\(next.output)")
        #expect(
          try await world.project.rows("SELECT count(DISTINCT _run_id), count(*) > 200 FROM appended")
            == [["1", "t"]])
        try await says("status", text: "1 well")
      }
    }

    /// A run that is given up before its first chunk was published leaves the interval as it was, whoever ends it.
    @Test(arguments: CrashWorld.StateKind.allCases, [true, false])
    func aRunWithoutAChunkChangesNothing(_ state: CrashWorld.StateKind, isAsleep: Bool) async throws {
      try await CrashWorld.with(state, .chunks) { world in
        func told(_ command: String...) async throws -> String {
          try await world.project.run(command, environment: CrashWorld.environment).output
        }
        for revision in 1...2 {
          let again = revision == 1 ? [] : ["--again"]
          let place = "chunk.before_publish:1"
          var asleep: (process: ChildProcess, output: String)?
          if isAsleep {
            let output = try world.project.newOutput()
            let process = try await world.stopped(
              at: place, output: output, more: ["--parallelism", "1"] + again)
            asleep = (try #require(process), output)
          } else {
            let killed = try await world.project.run(
              CrashWorld.command + again, failpoint: place + ":kill", environment: CrashWorld.environment)
            try #require(killed.wasKilled, "\(killed.output)")
          }
          let cancel = try await told("cancel", "crash")
          if let asleep {
            asleep.process.signal(SIGCONT)
            let owner = try await world.project.end(of: asleep.process, output: asleep.output)
            #expect(owner.status == (state == .sqlite ? 7 : 8), "\(owner.output)")
          } else {
            #expect(!cancel.contains("chunks"), "\(cancel)")
          }
          #expect(try await told("status").contains("needs you") == false)
          let next = try await world.run()
          #expect(
            next.status == 0 && next.output.contains("done before") == (revision == 2), "\(next.output)")
        }
      }
    }

    /// A table that is made anew would lack what is on record as published.
    @Test func theTableIsGone() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run("chunk.after_publish:3:kill")
        try #require(first.wasKilled)
        try await world.project.sql("ALTER TABLE appended RENAME TO moved")
        for _ in 0..<2 {
          let refused = try await world.run()
          #expect(refused.status == 3 && refused.output.contains("error[target_gone]"), "\(refused.output)")
        }
        try await world.project.sql("ALTER TABLE moved RENAME TO appended")
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        try await world.expectUndisturbed(notices: false)
      }
    }

    /// Chunks are published when the right to publish more is taken away: the run says so as often as it is asked, and
    /// goes on when it is given back.
    @Test func theRightIsTakenAway() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        try await world.asOrdinaryRole { role in
          let first = try await world.run("chunk.after_publish:3:kill")
          try #require(first.wasKilled, "\(first.output)")
          let query = "SELECT sink, run_id, rows FROM tidemark.publications ORDER BY 1"
          let before = try await world.project.rows(query)
          try await world.project.sql("REVOKE INSERT ON appended FROM \(role)")
          for _ in 0..<2 {
            let refused = try await world.run()
            #expect(
              refused.status == 6 && refused.output.contains("error[missing_privilege]"), "\(refused.output)")
            #expect(try await world.project.rows(query) == before)
          }
          FaultCount.add("right to publish taken away")
          try await world.project.sql("GRANT INSERT ON appended TO \(role)")
          let last = try await world.run()
          #expect(last.status == 0, "\(last.output)")
          try await world.expectUndisturbed(notices: false)
        }
      }
    }

    /// A machine with a state of its own publishes nothing beside what is there, whole or in part.
    @Test(arguments: ["chunk.after_publish:2:kill", "run.after_success:1:kill"])
    func anotherState(_ place: String) async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run(place)
        try #require(first.wasKilled)
        let query = "SELECT sink, run_id, rows FROM tidemark.publications ORDER BY 1"
        let before = try await world.project.rows(query)
        let other = try await world.project.run(
          CrashWorld.command + ["--state", world.project.path("other/state.db")])
        #expect(other.status == 8 && other.output.contains("published_by_another"), "\(other.output)")
        #expect(try await world.project.rows(query) == before)
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        try await world.expectUndisturbed()
      }
    }

    /// An owner that slept past its lease can publish no chunk any more.
    @Test func zombie() async throws {
      let places = [
        "chunk.read:3", "chunk.before_publish:1", "chunk.before_publish:3", "publish.middle:3", "read.done:1",
      ]
      try await CrashWorld.each(of: places, .postgres, .chunks) { world, place in
        try await world.expectUndisturbed(asleepAt: place)
        FaultCount.add("owner asleep past its lease")
      }
    }

    /// All connections end while a chunk is on its way into the tables.
    @Test func terminated() async throws {
      let places = ["chunk.before_publish:3", "publish.middle:5", "commit.answered:9"]
      try await CrashWorld.each(of: places, .sqlite, .chunks) { world, place in
        let output = try world.project.newOutput()
        let process = try #require(try await world.stopped(at: place, output: output))
        try await world.project.sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tidemark %' AND datname = current_database()"
        )
        FaultCount.add("pg_terminate_backend while publishing by chunks")
        process.signal(SIGCONT)
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0, "\(run.output)")
        try await world.expectUndisturbed(notices: false, place)
      }
    }
  }
}
