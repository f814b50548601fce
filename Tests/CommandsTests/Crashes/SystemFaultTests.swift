import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Synchronization
import Testing

extension CrashMatrix {
  /// What the operating system does to a run: failing writes, busy files, jumping clocks, signals, sleep.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for every number of a call.
  @Suite(.timeLimit(.minutes(60))) struct SystemFaultTests {
    /// Gives up soon where something stays broken.
    static let impatient = CrashScenario.groups.job.replacing(
      "max: 20ms", with: "max: 20ms, give_up_after: 50ms")

    // MARK: Writes

    /// Writes end short, and then fail, where a file would become longer than allowed.
    @Test func shortWrites() async throws {
      try await CrashWorld.each(of: [1, 8, 40, 120, 400]) { world, blocks in
        try world.project.write("jobs/crash.yaml", Self.impatient)
        let first = try await world.project.run(
          CrashWorld.command, environment: CrashWorld.environment,
          behind: ["/bin/sh", "-c", "trap '' 25; ulimit -f \(blocks); exec \"$@\"", "sh"])
        FaultCount.add("short write")
        if blocks < 40 { #expect(first.status != 0, "\(first.output)") }
        let second = try await world.run()
        #expect(second.status == 0, "\(second.output)")
        try await world.expectUndisturbed(notices: false, "\(blocks) blocks")
      }
    }

    /// A process that may have only so many files open says so, wherever it opens one too many.
    @Test func fewFiles() async throws {
      let limits = FaultDemand(1).isLong ? Array(4...40) : [4, 7, 9, 10, 11, 12, 13, 14, 16, 17, 18]
      try await CrashWorld.each(of: limits) { world, limit in
        try world.project.write("jobs/crash.yaml", Self.impatient)
        let first = try await world.project.run(
          CrashWorld.command, environment: CrashWorld.environment,
          behind: ["/bin/sh", "-c", "ulimit -n \(limit); exec \"$@\"", "sh"])
        if first.status != 0 {
          FaultCount.add("one open file too many")
          #expect(first.status == 6 || first.status == 1, "\(limit) files: \(first.output)")
          #expect(
            first.output.contains("too_many_files") || first.output.contains("Too many open files"),
            "\(limit) files: \(first.output)")
        }
        #expect(first.status != 0 || limit > 12)
        let second = try await world.run()
        #expect(second.status == 0, "\(limit) files: \(first.output)\n\(second.output)")
        try await world.expectUndisturbed(notices: false, "\(limit) files")
      }
    }

    /// With too few addresses for its threads it says so before it begins.
    @Test(arguments: [90, 200, 900]) func fewAddresses(_ megabytes: Int) async throws {
      try await TidemarkProject.with { project in
        for command in [CrashWorld.command, ["status", "--json"]] {
          let run = try await project.run(
            command, behind: ["/bin/sh", "-c", "ulimit -v \(megabytes * 1024); exec \"$@\"", "sh"])
          FaultCount.add("too few addresses")
          #expect(run.status == 1 && run.output.contains("address_limit"), "\(run.output)")
        }
        #expect(access(project.path(".tidemark"), F_OK) != 0)
      }
    }

    struct Calls: Sendable, CustomTestStringConvertible {
      var names: String
      /// Where many are asked for, all from the first to the last of them.
      var numbers: [Int]
      /// Where many are asked for, all that a thread makes.
      var isWithoutEnd = false

      var testDescription: String { names }
    }

    static let calls = [
      Calls(names: "fsync,fdatasync", numbers: [1, 2, 3, 5, 8, 13, 21, 30], isWithoutEnd: true),
      Calls(names: "pwrite64", numbers: [1, 2, 5, 13, 34, 55, 89, 144]),
      Calls(names: "write", numbers: [1, 3, 6, 10, 15, 21, 28, 36]),
      Calls(names: "rename,renameat,renameat2", numbers: [1, 2], isWithoutEnd: true),
      Calls(names: "mkdir,mkdirat", numbers: [1, 2, 3]),
      Calls(names: "pread64", numbers: [1, 5, 25]),
      Calls(names: "openat", numbers: [40, 60, 90, 120]),
    ]

    /// Calls of the system that fail with EIO once, at the n-th time of a thread: none is passed over, so that what is told
    /// as done is on the disk. `pwrite64` is the state's, `write` that of files and of the log.
    @Test(arguments: calls) func failingCalls(_ calls: Calls) async throws {
      guard try await SystemProgram.hasStrace else {
        print("NOT TESTED: failing calls (\(calls.names)). strace is not here, or not allowed")
        return
      }
      var numbers = calls.numbers
      if FaultDemand(1).isLong {
        numbers = Array((numbers.first ?? 1)...(calls.isWithoutEnd ? 10_000 : numbers.last ?? 1))
      }
      let isOpen = numbers.count > calls.numbers.count && calls.isWithoutEnd
      let hits = Hits()
      await Lanes.work(through: numbers) { queue in
        try await CrashWorld.with { world in
          try world.project.write("jobs/crash.yaml", Self.impatient)
          while let number = queue.next() {
            let log = try world.project.newOutput()
            let first = try await world.project.run(
              CrashWorld.command, environment: CrashWorld.environment,
              behind: [
                SystemProgram.strace, "-f", "-qq", "-y", "--seccomp-bpf", "-o", log, "-e",
                "trace=\(calls.names)",
                "-e",
                "inject=\(calls.names):error=EIO:when=\(number)",
              ])
            let lines = String(
              decoding: try FileContents.read(log, atMost: ByteCount(64 << 20)), as: UTF8.self
            ).split(separator: "\n")
            if let failed = lines.firstIndex(where: { $0.contains("(INJECTED)") }) {
              FaultCount.add("EIO from \(calls.names)")
              if calls.names.hasPrefix("fsync"), first.status == 0 {
                // Behind its last commit the state only moves what is on the disk already.
                let tidying = lines.lastIndex { $0.contains("/state.db-wal>") } ?? lines.endIndex
                #expect(failed >= tidying, "done although the sync \(number) failed: \(lines[failed])")
              }
              hits.add(true)
            } else {
              hits.add(false)
              // Not every run makes as many.
              if isOpen, hits.missesInARow > 5 { queue.close() }
            }
            let second = try await world.run()
            #expect(second.status == 0, "\(calls.names) \(number): \(first.output)\n\(second.output)")
            try await world.expectUndisturbed(notices: false, "\(calls.names) \(number)")
            try await world.reset()
          }
        }
      }
      #expect(hits.count > 0, "no call of \(calls.names) was made to fail")
    }

    /// Counts what was hit, from all lanes.
    private final class Hits: Sendable {
      private let counts = Mutex((hits: 0, misses: 0))

      var count: Int { counts.withLock(\.hits) }
      var missesInARow: Int { counts.withLock(\.misses) }

      func add(_ isHit: Bool) {
        counts.withLock { $0 = isHit ? ($0.hits + 1, 0) : ($0.hits, $0.misses + 1) }
      }
    }

    /// A folder that may not be written, for a process that is not root.
    @Test func readOnlyFolder() async throws {
      try await CrashWorld.with { world in
        guard geteuid() != 0 || getpwnam("nobody") != nil else { return }
        let locked = world.project.path("locked")
        mkdir(locked, 0o555)
        for name in ["", "tidemark.yaml", "jobs", "jobs/crash.yaml"] {
          chmod(world.project.path(name), 0o755)
        }
        let wrapper =
          geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] : []
        let run = try await world.project.run(
          CrashWorld.command + ["--state", locked + "/state.db"], behind: wrapper)
        FaultCount.add("read-only folder")
        #expect(run.status == 6 && run.output.contains("file_permission"), "\(run.output)")
        #expect(run.output.contains(locked))
      }
    }

    /// The folder of the output or of spill files may not be written: nothing is published, the sentence names the
    /// folder, and once it may be the same command completes.
    @Test(arguments: ["locked", "place/scratch"]) func readOnlyFolders(_ folder: String) async throws {
      try await CrashWorld.with { world in
        // Somebody who is not root, and may use the test's server.
        let wrapper =
          geteuid() == 0
          ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        for name in ["", "tidemark.yaml", "jobs", "jobs/crash.yaml"] {
          chmod(world.project.path(name), 0o755)
        }
        try world.project.write("tidemark.yaml", world.project.file("output: locked\n"))
        chmod(world.project.path("tidemark.yaml"), 0o644)
        for name in ["place", "locked"] {
          mkdir(world.project.path(name), 0o777)
          chmod(world.project.path(name), 0o777)
        }
        let path = world.project.path(folder)
        mkdir(path, 0o555)
        chmod(path, 0o555)
        let command = CrashWorld.command + ["--state", world.project.path("place/state.db")]
        let first = try await world.project.run(
          command, environment: CrashWorld.environment, behind: wrapper)
        FaultCount.add("read-only folder")
        #expect(first.status == 6 && first.output.contains("file_permission"), "\(first.output)")
        #expect(first.output.contains(folder), "\(first.output)")
        #expect(try await world.project.rows("SELECT to_regclass('by_window') IS NULL") == [["t"]])
        chmod(path, 0o777)
        if folder != "locked", rmdir(path) != 0 { Issue.record("the scratch folder is not empty") }
        let second = try await world.project.run(
          command, environment: CrashWorld.environment, behind: wrapper)
        #expect(second.status == 0, "\(second.output)")
        let undisturbed = try await CrashWorld.undisturbed()
        #expect(try world.project.read("locked/crash.csv.gz") == undisturbed.files["out/crash.csv.gz"])
      }
    }

    /// While another process is in the middle of a transaction of the state, a run waits for it.
    @Test func busyState() async throws {
      try await CrashWorld.with { world in
        try world.project.write(
          "jobs/crash.yaml",
          CrashScenario.groups.job
            .replacing("crash.csv.gz", with: "\"crash-${interval.label}.csv.gz\"")
            .replacing("deep/er/crash.jsonl", with: "\"crash-${interval.label}.jsonl\""))
        let output = world.project.path("first")
        let holder = try #require(
          try await world.stopped(at: "state.checkpoint.before_commit:2", output: output))
        let second = world.project.path("second")
        let other = try world.project.start(
          ["run", "crash", "--for", "2026-03-13"], environment: CrashWorld.environment, output: second)
        // It is at its first write, or about to be, and cannot have passed it.
        for _ in 0..<200 { await Task.yield() }
        #expect(other.exit == nil)
        FaultCount.add("busy state file")
        holder.signal(SIGCONT)
        let first = try await world.project.end(of: holder, output: output)
        #expect(first.status == 0, "\(first.output)")
        let others = try await world.project.end(of: other, output: second)
        #expect(others.status == 0, "\(others.output)")
        #expect(try await world.project.rows("SELECT count(DISTINCT day)::text FROM by_window") == [["2"]])
      }
    }

    // MARK: Clocks

    /// The clock is another one when the run goes on, and when it ends.
    @Test func jumpingClock() async throws {
      try await jump(by: [-86_400 * 400, -86_400, -10_801, -300, 300, 10_801, 86_400, 86_400 * 30])
    }

    /// - Parameter jumps: in seconds.
    func jump(by jumps: [Int]) async throws {
      try await CrashWorld.each(of: jumps) { world, seconds in
        for place in ["chunk.read:4:kill", "publish.after_commit:1:kill"] {
          let killed = try await world.run(place)
          try #require(killed.wasKilled)
        }
        FaultCount.add("clock jump", 2)
        let jumped = try await world.run(
          "file.after_rename:1:kill", more: ["TIDEMARK_CLOCK_OFFSET": "\(seconds)"])
        try #require(jumped.wasKilled, "\(jumped.output)")
        let last = try await world.run(more: ["TIDEMARK_CLOCK_OFFSET": "\(-seconds)"])
        #expect(last.status == 0, "\(last.output)")
        // What is due by a clock that was ahead goes out when this one is there.
        try await world.expectUndisturbed("\(seconds) seconds")
      }
    }

    // MARK: Signals

    /// One place in each state of a run.
    static let states = [
      "plan.saved:1", "snapshot.taken:1", "chunk.middle:3", "chunk.read:2", "read.done:1", "merge.started:1",
      "merge.middle:2", "sinks.prepared:1", "publish.started:1", "publish.middle:1", "publish.marked:1",
      "publish.after_publish:1", "file.before_rename:1", "file.after_rename:1", "run.before_success:1",
    ]

    /// Those from which a run that is told to stop does not come as far as to publish.
    private static let beforePublishing = Set(states.prefix { $0 != "sinks.prepared:1" })

    static let stops =
      states.map { (SIGTERM, $0) }
      + ["plan.saved:1", "chunk.middle:3", "publish.middle:1"].map { (SIGINT, $0) }

    /// Told to stop in any state the run saves what it has, exits 7 (or 0 where it was about to publish, or behind that), and
    /// goes on.
    @Test func toldToStop() async throws {
      try await stop(Self.stops)
    }

    func stop(_ stops: [(Int32, String)]) async throws {
      try await CrashWorld.each(of: stops) { world, stop in
        let (signal, place) = stop
        let output = try world.project.newOutput()
        let process = try #require(try await world.stopped(at: place, output: output))
        process.signal(signal)
        process.signal(SIGCONT)
        let first = try await world.project.end(of: process, output: output)
        FaultCount.add(signal == SIGTERM ? "SIGTERM" : "SIGINT")
        let isEarly = Self.beforePublishing.contains(place)
        #expect(first.status == 7 || first.status == 0 && !isEarly, "\(place): \(first.output)")
        try await world.expectStates([first.status == 0 ? .succeeded : .interrupted], place)
        let second = try await world.run()
        #expect(second.status == 0, "\(place): \(second.output)")
        try await world.expectUndisturbed("signal \(signal) at \(place)")
      }
    }

    /// Asleep for longer than its lease, an owner loses its run; awake again it can write nothing.
    @Test func zombie() async throws {
      try await putToSleep(at: [
        "plan.saved:1", "chunk.middle:3", "chunk.read:2", "merge.started:1", "sinks.prepared:1",
        "publish.before_commit:1", "publish.marked:1", "file.before_rename:1", "run.before_success:1",
      ])
    }

    func putToSleep(at places: [String]) async throws {
      try await CrashWorld.each(of: places, .postgres) { world, place in
        try await world.expectUndisturbed(asleepAt: place)
        FaultCount.add("owner asleep past its lease")
      }
    }

    /// With a state file its lock keeps an owner that only sleeps.
    @Test func asleepWithALock() async throws {
      try await CrashWorld.with { world in
        let output = world.project.path("said")
        let process = try #require(try await world.stopped(at: "merge.started:1", output: output))
        let other = try await world.run()
        FaultCount.add("owner asleep with its lock")
        #expect(other.status == 8 && other.output.contains("error[held]"), "\(other.output)")
        process.signal(SIGCONT)
        let first = try await world.project.end(of: process, output: output)
        #expect(first.status == 0, "\(first.output)")
        try await world.expectUndisturbed()
      }
    }
  }
}
