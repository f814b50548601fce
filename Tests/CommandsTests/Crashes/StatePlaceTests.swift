import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// Transactions of the state that a first run of a job does not come to: of other commands, of runs that are gone on
  /// with, and of schedules. Killed before the commit and behind it, the same command does what was asked, and once.
  @Suite(.timeLimit(.minutes(30))) struct StatePlaceTests {
    @Test(arguments: CrashWorld.StateKind.allCases)
    func killed(_ state: CrashWorld.StateKind) async throws {
      let kills = Visit.all.filter { $0.isIn(state) }.flatMap { visit in
        ["before", "after"].map { (visit, "state.\(visit.write).\($0)_commit") }
      }
      try await CrashWorld.each(of: kills, state) { world, kill in
        let (visit, place) = kill
        try await visit.prepare(world)
        let command = try await visit.command(world)
        func run(_ failpoint: String?) async throws -> ProgramRun {
          try await world.project.run(command, failpoint: failpoint, environment: visit.environment)
        }
        let first = try await run("\(place):1:kill")
        try #require(first.wasKilled, "\(place) was not reached: \(first.output)")
        FaultCount.add("kill -9 around a transaction of other commands, \(state) state")
        try await visit.mend(world)
        let second = try await run(nil)
        #expect(second.status == 0, "\(place): \(second.output)")
        try await visit.expect(world, place)
      }
    }

    /// The failpoints of these transactions.
    static let places = Visit.all.flatMap { visit in
      ["before", "after"].map { "state.\(visit.write).\($0)_commit" }
    }

    /// A way to come to one transaction.
    struct Visit: Sendable {
      /// As the state names it.
      var write: String
      /// Whether only a state in Postgres has it.
      var isOfServers = false
      /// Seconds since 1970 by the program's clock; `nil` where it does not matter.
      var moment: Int?
      var prepare: @Sendable (CrashWorld) async throws -> Void = { _ in }
      var command: @Sendable (CrashWorld) async throws -> [String] = { _ in CrashWorld.command }
      /// What lets the command end well, behind the kill.
      var mend: @Sendable (CrashWorld) async throws -> Void = { _ in }
      var expect: @Sendable (CrashWorld, String) async throws -> Void = { try await $0.expectUndisturbed($1) }

      func isIn(_ state: CrashWorld.StateKind) -> Bool { state == .postgres || !isOfServers }

      var environment: [String: String] { Visit.environment(at: moment) }

      fileprivate static func environment(at moment: Int?) -> [String: String] {
        let later = moment.map { ScheduledJobText.later($0 - Int(SystemClock.now.seconds)) } ?? [:]
        return CrashWorld.environment.merging(later) { $1 }
      }
    }
  }
}

extension CrashMatrix.StatePlaceTests.Visit {
  static let all: [Self] = ofRuns + ofQuarantine + ofNotices + ofSchedules

  // MARK: Runs

  private static let ofRuns: [Self] = [
    Self(
      write: "supersede",
      prepare: { world in
        try world.change("qty > 0", to: "qty > 3")
        try await world.die(at: "chunk.read:3")
        try world.change("qty > 3", to: "qty > 0")
      },
      expect: { world, place in
        try await world.expectResult(place)
        try await world.expectStates([.succeeded, .superseded], place)
      }),
    Self(
      write: "drop_chunks",
      prepare: { world in
        try world.change("rows: 40}", to: "rows: 40}\n  on_resume: recompute")
        try await world.die(at: "chunk.read:4")
      }),
    Self(
      write: "append_event",
      prepare: { world in
        try world.change("rows: 40}", to: "rows: 40}\n  on_resume: keep")
        try await world.die(at: "chunk.read:4")
      }),
    Self(
      write: "renew", isOfServers: true,
      prepare: { world in
        try await world.project.sql("CREATE TABLE ready (n int)")
        try world.change(
          "rows: 40}", to: "rows: 40}\n  wait_for: {query: SELECT EXISTS (SELECT FROM ready), within: 1h}")
      }, mend: { try await $0.project.sql("INSERT INTO ready VALUES (1)") }),
    Self(
      write: "request_cancel", prepare: { try await $0.die(at: "chunk.read:4") },
      command: { _ in ["cancel", "crash"] },
      expect: { world, place in
        try await world.succeed(CrashWorld.command)
        try await world.expectResult(place)
        try await world.expectStates([.succeeded, .cancelled], place)
      }),
    Self(
      write: "forget_chunks", prepare: { try await $0.die(at: "sinks.prepared:1") },
      command: { _ in ["cancel", "crash"] },
      expect: { world, place in
        try await world.succeed(CrashWorld.command)
        try await world.expectResult(place)
        try await world.expectStates([.succeeded, .cancelled], place)
      }),
    Self(
      write: "raise_revision",
      prepare: { world in
        try world.change(", if_exists: fail", to: "")
        try await world.succeed(CrashWorld.command)
        try await world.loseState()
      }, command: { _ in CrashWorld.command + ["--again"] },
      expect: { try await $0.expectPublished(revisions: 2, identities: 1, runsOfRows: 1, $1) }),
    Self(
      write: "raise_serial",
      prepare: { world in
        try world.project.write(
          "jobs/crash.yaml",
          """
          version: 1
          source: {connection: db, table: events}
          aggregate: {group_by: [kind], measures: {n: count(*)}}
          store: [{table: {connection: db, name: appended, mode: append, create: true}}]

          """)
        try await world.succeed(["run", "crash"])
        try await world.loseState()
      }, command: { _ in ["run", "crash"] },
      expect: { try await $0.expectPublished(revisions: 1, identities: 2, runsOfRows: 2, $1) }),
  ]

  // MARK: Quarantine

  private static func ofReplay(_ write: String) -> Self {
    Self(
      write: write,
      prepare: { world in
        try world.change(", if_exists: fail", to: "")
        // What is appended cannot be replaced by a replay.
        try world.change("mode: append", to: "mode: merge")
        try await world.succeed(CrashWorld.command)
      }, command: { ["quarantine", "replay", try await $0.newestRun()] },
      expect: { try await $0.expectPublished(revisions: 2, identities: 1, $1) })
  }

  private static let ofQuarantine: [Self] = [
    ofReplay("adopt_chunks"), ofReplay("mark_replayed"),
    Self(
      write: "purge_quarantine", prepare: { try await $0.succeed(CrashWorld.command) },
      command: { ["quarantine", "purge", try await $0.newestRun()] },
      expect: { world, place in
        try await world.state { store in
          for run in try await store.runs(RunFilter()) {
            #expect(try await store.rejections(of: run.id, limit: 1).isEmpty, "\(place)")
          }
        }
        try await world.succeed(["state", "check"])
      }),
  ]

  // MARK: Notices

  /// One notice that gave up, since the program that it is for is not there.
  private static func ofOutbox(_ write: String, _ verb: String, _ end: NoticeRecord.State) -> Self {
    Self(
      write: write,
      prepare: { world in
        try world.change("[\"true\"]", to: "[\"\(world.project.path("alarm"))\"]")
        try await world.succeed(CrashWorld.command)
        try await world.expectNotices([.gaveUp], write)
      }, command: { _ in ["notices", verb, "all"] },
      mend: { world in
        try world.project.write("alarm", "#!/bin/sh\n")
        chmod(world.project.path("alarm"), 0o755)
      }, expect: { try await $0.expectNotices([end], $1) })
  }

  private static let ofNotices: [Self] = [
    Self(
      write: "notice_failed", prepare: { try $0.change("[\"true\"]", to: "[\"false\"]") },
      expect: { world, place in
        try await world.expectUndisturbed(place)
        try await world.expectNotices([.due], place)
      }),
    ofOutbox("retry_notices", "retry", .delivered), ofOutbox("dismiss_notices", "dismiss", .dismissed),
  ]

  // MARK: Schedules

  /// One o'clock in the night of 2026-03-14, an hour before its fire.
  private static let night = 1_773_450_000
  /// A day later, behind the next fire.
  private static let nextDay = night + 86_400 + 7200

  private static let scheduled = """
    schedule: {cron: "0 2 * * *", catch_up: {policy: all, window: 2d}}
    interval: {span: day}
    notify: [{events: [missed], command: ["true"]}]
    """

  /// Has the job seen by a tick of that night, and no fire of it.
  private static func see(_ world: CrashWorld) async throws {
    try schedule(world)
    try await world.succeed(["tick"], environment(at: night))
  }

  private static func schedule(_ world: CrashWorld) throws {
    try world.project.write("jobs/crash.yaml", ScheduledJobText.job(scheduled))
  }

  /// Each of the fires has run once.
  private static func expectRan(_ count: Int, _ world: CrashWorld, _ place: String) async throws {
    #expect(
      try await world.project.rows("SELECT count(*), count(DISTINCT _run_id) FROM seen")
        == [["\(count)", "\(count)"]], "\(place)")
    try await world.state { store in
      let open = try await store.openFires(project: "test")
      #expect(open.isEmpty, "\(place)")
    }
  }

  private static let ofSchedules: [Self] = [
    Self(
      write: "first_sighting", moment: night, prepare: { try schedule($0) }, command: { _ in ["tick"] },
      expect: { world, place in
        try await world.state { store in
          let sightings = try await store.sightings(project: "test")
          #expect(sightings.count == 1, "\(place)")
        }
        try await world.succeed(["tick"], environment(at: nextDay))
        try await expectRan(2, world, place)
      }),
    Self(
      write: "insert_fires", moment: nextDay, prepare: { try await see($0) }, command: { _ in ["tick"] },
      expect: { try await expectRan(2, $0, $1) }),
    Self(
      write: "enqueue_notices", moment: nextDay + 2 * 86_400, prepare: { try await see($0) },
      command: { _ in ["tick"] },
      expect: { world, place in
        // It tells of all that are out of the window.
        try await world.expectNotices([.delivered], place)
      }),
    Self(
      write: "close_fire", moment: nextDay,
      prepare: { world in
        try await see(world)
        // Entered, and made by hand before anybody has claimed it.
        for (command, place) in [
          (["tick"], "insert_fires.after_commit"), (CrashWorld.command, "close_fires.before_commit"),
        ] {
          let killed = try await world.project.run(
            command, failpoint: "state.\(place):1:kill", environment: environment(at: nextDay))
          try #require(killed.wasKilled, "\(killed.output)")
        }
      }, command: { _ in ["tick"] }, expect: { try await expectRan(2, $0, $1) }),
    Self(
      write: "append_job_event", moment: night + 60,
      prepare: { world in
        try await see(world)
        try world.change("0 2 * * *", to: "0 3 * * *")
      }, command: { _ in ["tick"] },
      expect: { world, place in
        try await world.state { store in
          let events = try await store.events(since: Instant(microseconds: 0), limit: 100)
          #expect(events.map(\.name) == ["schedule_changed"], "\(place)")
        }
      }),
    Self(
      write: "pause", command: { _ in ["pause", "crash", "--reason", "flood"] },
      expect: { try await $0.expectPauses(1, $1) }),
    Self(
      write: "unpause", prepare: { try await $0.succeed(["pause", "crash"]) },
      command: { _ in ["unpause", "crash"] }, expect: { try await $0.expectPauses(0, $1) }),
  ]
}

extension CrashWorld {
  fileprivate func change(_ text: String, to other: String) throws {
    let job = String(decoding: try #require(try project.read("jobs/crash.yaml")), as: UTF8.self)
    #expect(job.contains(text))
    try project.write("jobs/crash.yaml", job.replacing(text, with: other))
  }

  fileprivate func die(at place: String) async throws {
    let killed = try await run("\(place):kill")
    try #require(killed.wasKilled, "\(killed.output)")
  }

  fileprivate func succeed(
    _ command: [String], _ environment: [String: String] = CrashWorld.environment
  ) async throws {
    let run = try await project.run(command, environment: environment)
    try #require(run.status == 0, "\(command): \(run.output)")
  }

  fileprivate func loseState() async throws {
    switch state {
    case .sqlite: try FolderTree.remove(project.path(".tidemark"))
    case .postgres:
      try await project.sql("SET client_min_messages = error", "DROP SCHEMA tidemark_state CASCADE")
    }
  }

  fileprivate func newestRun() async throws -> String {
    let history = try await project.run(["history", "--json"])
    let runs = try JSONValue(parsing: history.output)["runs"]?.elements
    return try #require(runs?.first?["run"]?.stringValue, "\(history.output)")
  }

  // MARK: What is there in the end

  /// What an undisturbed run leaves for everybody to see, however many runs it took.
  fileprivate func expectResult(_ place: String) async throws {
    var (seen, expected) = (try await traces(), try await CrashWorld.undisturbed(scenario))
    for part in [\Traces.revisions, \.quarantine, \.notices] {
      (seen[keyPath: part], expected[keyPath: part]) = ([], [])
    }
    #expect(seen.differences(from: expected) == [], "\(place)")
  }

  /// - Parameter states: of all runs, the newest first.
  func expectStates(_ states: [RunState], _ place: String) async throws {
    try await state { store in
      let seen = try await store.runs(RunFilter()).map(\.state)
      #expect(seen == states, "\(place)")
    }
  }

  /// - Parameter runsOfRows: how many runs the appended rows are of; `nil` where none are.
  fileprivate func expectPublished(
    revisions: Int, identities: Int, runsOfRows: Int? = nil, _ place: String
  ) async throws {
    let seen = try await project.rows(
      ["SELECT count(DISTINCT revision), count(DISTINCT identity) FROM tidemark.publications"]
        + (runsOfRows == nil ? [] : ["SELECT count(DISTINCT _run_id) FROM appended"]))
    let expected = [["\(revisions)", "\(identities)"]] + (runsOfRows.map { [["\($0)"]] } ?? [])
    #expect(seen == expected, "\(place)")
  }

  fileprivate func expectNotices(_ states: [NoticeRecord.State], _ place: String) async throws {
    try await state { store in
      let notices = try await store.notices(project: "test", limit: 100)
      #expect(notices.map(\.state) == states, "\(place)")
    }
  }

  fileprivate func expectPauses(_ count: Int, _ place: String) async throws {
    try await state { store in
      let pauses = try await store.pauses(project: "test")
      #expect(pauses.count == count, "\(place)")
    }
  }
}
