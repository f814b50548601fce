import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Synchronization
import Testing

extension CrashMatrix {
  /// A run that is given up while its owner sleeps amid publishing: awake again, the owner publishes nothing more.
  @Suite(.timeLimit(.minutes(5))) struct CancelTests {
    /// Around chunks, around the commit of tables, and at a file.
    static let places: [(CrashScenario, String)] =
      [
        "chunk.before_publish:1", "chunk.before_publish:3", "publish.middle:3", "chunk.after_publish:2",
        "read.done:1",
      ]
      .map { (.chunks, $0) }
      + [
        (.groups, "publish.before_commit:1"), (.oneTable, "sinks.prepared:1"),
        (.oneTable, "publish.middle:1"), (.newTable, "ahead.stored:1"),
        (.newTable, "ahead.named:1"), (.newTable, "publish.middle:1"),
      ]

    /// What everybody can see.
    private func published(_ world: CrashWorld) async throws -> [[String]] {
      var seen: [[String]] = []
      for table in ["tidemark.publications", "appended", "merged", "by_window"] {
        let isThere = try await world.project.rows("SELECT to_regclass('\(table)') IS NOT NULL") == [["t"]]
        seen += isThere ? try await world.project.rows("SELECT count(*) FROM \(table)") : []
      }
      seen.append(try FolderTree.names(in: world.project.path("out")).filter { !$0.hasPrefix(".") })
      return seen
    }

    /// With a state file the owner keeps its lock and ends the run itself; else the run is over when it wakes.
    private func cancelled(_ world: CrashWorld, at place: String, jobFile: String? = nil) async throws {
      let output = try world.project.newOutput()
      // One worker: a second one could be stopped amid a write, and keep the state file from everybody.
      let process = try #require(
        try await world.stopped(at: place, output: output, more: ["--parallelism", "1"]))
      let job = try #require(try world.project.read("jobs/crash.yaml"))
      if let jobFile { try world.project.write("jobs/crash.yaml", jobFile) }
      let cancel = try await world.project.run(["cancel", "crash"], environment: CrashWorld.environment)
      #expect(cancel.status == 0 && !cancel.output.contains("warning"), "\(place): \(cancel.output)")
      try world.project.write("jobs/crash.yaml", String(decoding: job, as: UTF8.self))
      let before = try await published(world)
      process.signal(SIGCONT)
      let owner = try await world.project.end(of: process, output: output)
      FaultCount.add("owner asleep while its run is cancelled")
      #expect(owner.status == (world.state == .sqlite ? 7 : 8), "\(place): \(owner.output)")
      #expect(try await published(world) == before, "\(place): \(owner.output)")
      // Amid its publish the owner only stops; whoever resumes the run finds that nothing of it is published.
      if try await state(of: world) != .cancelled {
        let last = try await world.run()
        #expect(last.status == 7 && last.output.contains("was cancelled by"), "\(place): \(last.output)")
      }
      let end = try await state(of: world)
      #expect(end == .cancelled, "\(place): \(owner.output)")
    }

    private func state(of world: CrashWorld) async throws -> RunState? {
      let states = Mutex<[RunState]>([])
      try await world.state { store in
        let runs = try await store.runs(RunFilter())
        states.withLock { $0 = runs.map(\.state) }
      }
      return states.withLock { $0.count == 1 ? $0.first : nil }
    }

    @Test(arguments: CrashWorld.StateKind.allCases, CrashScenario.usual)
    func asleep(_ state: CrashWorld.StateKind, _ scenario: CrashScenario) async throws {
      try await putToSleep(state, scenario, at: Self.places.filter { $0.0 == scenario }.map(\.1))
    }

    func putToSleep(_ state: CrashWorld.StateKind, _ scenario: CrashScenario, at places: [String])
      async throws
    {
      try await CrashWorld.each(of: places, state, scenario) { world, place in
        try await cancelled(world, at: place)
      }
    }

    /// The targets are taken away by the job as the run was begun, whatever has become of its file.
    @Test(arguments: CrashWorld.StateKind.allCases, ["version: [", "version: 1\njob: crash\n"])
    func behindAnotherFile(_ state: CrashWorld.StateKind, _ jobFile: String) async throws {
      try await CrashWorld.with(state, .oneTable) { world in
        try await cancelled(world, at: "publish.middle:1", jobFile: jobFile)
      }
    }

    /// A policy of the schedule only asks. Whoever takes the run over and ends it takes the targets away before.
    @Test(arguments: [(CrashScenario.oneTable, "publish.middle:1"), (.chunks, "chunk.before_publish:2")])
    func askedByThePolicy(_ scenario: CrashScenario, _ place: String) async throws {
      try await CrashWorld.with(.postgres, scenario) { world in
        let output = try world.project.newOutput()
        let process = try #require(
          try await world.stopped(at: place, output: output, more: ["--parallelism", "1"]))
        try await world.state { store in
          for run in try await store.runs(RunFilter()) {
            _ = try await store.requestCancel(run.id, by: "schedule", reason: "a newer fire takes its place")
          }
        }
        let heir = try await world.run()
        #expect(heir.status == 7 && heir.output.contains("was cancelled by schedule"), "\(heir.output)")
        #expect(try await state(of: world) == .cancelled)
        let before = try await published(world)
        process.signal(SIGCONT)
        let owner = try await world.project.end(of: process, output: output)
        FaultCount.add("owner asleep while its run is cancelled")
        #expect(owner.status == 8 && owner.output.contains("fenced"), "\(owner.output)")
        #expect(try await published(world) == before, "\(place): \(owner.output)")
      }
    }

    /// A run that has taken another's place is its owner's from then on: a request to end it is heard while it reads.
    @Test(arguments: CrashWorld.StateKind.allCases) func inAnothersPlace(_ state: CrashWorld.StateKind)
      async throws
    {
      try await CrashWorld.with(state, .groups) { world in
        let killed = try await world.run("chunk.read:2:kill")
        try #require(killed.wasKilled, "\(killed.output)")
        let job = world.scenario.job.replacing("qty > 0", with: "qty > 1")
        // So slow that it is never read to its end here.
        try world.project.write(
          "jobs/crash.yaml", job.replacing("limits: {", with: "limits: {max_rows_per_second: 1, "))
        let output = try world.project.newOutput()
        // With the lease that it has everywhere else: it lives, and nobody may take it for dead.
        let process = try world.project.start(CrashWorld.command, output: output)
        func said() throws -> String {
          String(decoding: try FileContents.read(output, atMost: ByteCount(16 << 20)), as: UTF8.self)
        }
        try await Patience.until("another run takes its place", said: said) {
          try process.exit != nil || said().contains("run_superseded")
        }
        let cancel = try await world.project.run(["cancel", "crash"])
        #expect(cancel.status == 0, "\(cancel.output)")
        let owner = try await world.project.end(of: process, output: output)
        #expect(owner.status == 7 && owner.output.contains("was cancelled by"), "\(owner.output)")
        try await world.state { store in
          let states = Set(try await store.runs(RunFilter()).map(\.state))
          #expect(states == [.superseded, .cancelled])
        }
      }
    }

    /// Without an owner a run amid its publish is cancelled at once where nothing of it is published, and not at all
    /// where something is: then it goes on.
    @Test(arguments: CrashWorld.StateKind.allCases, [true, false])
    func withoutAnOwner(_ state: CrashWorld.StateKind, isPublished: Bool) async throws {
      try await CrashWorld.with(state, .oneTable) { world in
        let killed = try await world.run(
          isPublished ? "publish.after_commit:1:kill" : "publish.middle:1:kill")
        try #require(killed.wasKilled, "\(killed.output)")
        let cancel = try await world.project.run(["cancel", "crash"], environment: CrashWorld.environment)
        FaultCount.add("run cancelled whose owner was killed amid its publish")
        if isPublished {
          #expect(cancel.status == 8 && cancel.output.contains("published in part"), "\(cancel.output)")
          let last = try await world.run()
          #expect(last.status == 0, "\(last.output)")
          try await world.expectUndisturbed()
        } else {
          #expect(cancel.status == 0 && cancel.output.contains(": cancelled"), "\(cancel.output)")
          #expect(try await self.state(of: world) == .cancelled)
          #expect(try await published(world).allSatisfy { $0 == ["0"] || $0 == [] })
        }
      }
    }

    /// The job with a file as its one store.
    private func fileJob(_ world: CrashWorld) throws -> String {
      let lines = world.scenario.job.split(separator: "\n", omittingEmptySubsequences: false)
      let from = try #require(lines.firstIndex(of: "store:"))
      let to = try #require(lines.firstIndex { $0.hasPrefix("checks:") })
      return (lines[..<from] + ["store: [{file: {path: out/crash.csv}}]"] + lines[to...])
        .joined(separator: "\n")
    }

    /// No ledger tells whether a file has appeared: it is known by itself, whatever lay at its path before.
    @Test(
      arguments: CrashWorld.StateKind.allCases,
      ["file.before_rename:1", "file.after_rename:1", "file.after_rename:1:error"])
    func atAFileWithoutAnOwner(_ state: CrashWorld.StateKind, _ place: String) async throws {
      try await CrashWorld.with(state, .oneTable) { world in
        let job = try fileJob(world)
        try world.project.write("jobs/crash.yaml", job)
        try world.project.write("out/crash.csv", "of another run\n")
        let stopped = try await world.run(place.hasSuffix("error") ? place : place + ":kill")
        try #require(stopped.wasKilled || stopped.output.contains("failpoint"), "\(stopped.output)")
        FaultCount.add("run cancelled whose owner was killed at a file")
        let cancel = try await world.project.run(["cancel", "crash"], environment: CrashWorld.environment)
        let before = try world.project.read("out/crash.csv")
        if place.hasPrefix("file.before_rename") {
          #expect(cancel.status == 0 && cancel.output.contains(": cancelled"), "\(cancel.output)")
          #expect(before.map { String(decoding: $0, as: UTF8.self) } == "of another run\n")
          #expect(try await self.state(of: world) == .cancelled)
        } else {
          #expect(cancel.status == 8 && cancel.output.contains("published in part"), "\(cancel.output)")
          // From there it goes by what it was begun with.
          try world.project.write("jobs/crash.yaml", job.replacing("qty > 0", with: "qty > 3"))
          let last = try await world.run()
          #expect(
            last.status == 0 && last.output.contains("has changed since this run began to publish"),
            "\(last.output)")
          #expect(try await self.state(of: world) == .succeeded)
          #expect(try world.project.read("out/crash.csv") == before)
        }
        #expect(try FolderTree.names(in: world.project.path("out")) == ["crash.csv"])
      }
    }

    /// A file that is written and not renamed is taken away, also where its path is written from the project.
    @Test(arguments: CrashWorld.StateKind.allCases) func asleepAtAFile(_ state: CrashWorld.StateKind)
      async throws
    {
      try await CrashWorld.with(state, .oneTable) { world in
        try world.project.write("jobs/crash.yaml", try fileJob(world))
        try await cancelled(world, at: "file.before_rename:1")
        #expect(try FolderTree.names(in: world.project.path("out")) == [])
      }
    }
  }
}
