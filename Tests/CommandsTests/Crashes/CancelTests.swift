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
        (.oneTable, "publish.middle:1"),
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
    private func cancelled(_ world: CrashWorld, at place: String) async throws {
      let output = try world.project.newOutput()
      // One worker: a second one could be stopped amid a write, and keep the state file from everybody.
      let process = try #require(
        try await world.stopped(at: place, output: output, more: ["--parallelism", "1"]))
      let cancel = try await world.project.run(["cancel", "crash"], environment: CrashWorld.environment)
      // Without an owner a run amid its publish is ended by whoever resumes it.
      #expect(cancel.status == 0 || cancel.output.contains("is publishing"), "\(cancel.output)")
      let before = try await published(world)
      process.signal(SIGCONT)
      let owner = try await world.project.end(of: process, output: output)
      FaultCount.add("owner asleep while its run is cancelled")
      #expect(owner.status == (world.state == .sqlite ? 7 : 8), "\(place): \(owner.output)")
      #expect(try await published(world) == before, "\(place): \(owner.output)")
      // Amid a publish the run stops first, and whoever resumes it finds that nothing of it is published.
      for _ in 0..<2 where try await state(of: world) != .cancelled {
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

    @Test(arguments: CrashWorld.StateKind.allCases, places)
    func asleep(_ state: CrashWorld.StateKind, _ place: (CrashScenario, String)) async throws {
      try await CrashWorld.with(state, place.0) { world in
        try await cancelled(world, at: place.1)
      }
    }

    /// A file that is written and not renamed is taken away, also where its path is written from the project.
    @Test(arguments: CrashWorld.StateKind.allCases) func asleepAtAFile(_ state: CrashWorld.StateKind)
      async throws
    {
      try await CrashWorld.with(state, .oneTable) { world in
        let job = world.scenario.job
        let lines = job.split(separator: "\n", omittingEmptySubsequences: false)
        let from = try #require(lines.firstIndex(of: "store:"))
        let to = try #require(lines.firstIndex { $0.hasPrefix("checks:") })
        try world.project.write(
          "jobs/crash.yaml",
          (lines[..<from] + ["store: [{file: {path: out/crash.csv}}]"] + lines[to...]).joined(separator: "\n")
        )
        try await cancelled(world, at: "file.before_rename:1")
        #expect(try FolderTree.names(in: world.project.path("out")) == [])
      }
    }
  }
}
