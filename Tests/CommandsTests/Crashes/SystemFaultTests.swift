import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// What the operating system does to a run: full disks, failing writes, busy files, jumping clocks,
  /// signals, sleep.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more sizes of disks, and for every number of a call within the bounds.
  @Suite(.timeLimit(.minutes(8))) struct SystemFaultTests {
    private static let impatient = CrashScenario.groups.job.replacing(
      "max: 20ms", with: "max: 20ms, give_up_after: 50ms")

    /// Runs a program of the system, to its end.
    @discardableResult
    private func system(_ arguments: String...) -> Bool {
      do {
        let process = try ChildProcess(arguments, environment: ["PATH": "/usr/bin:/bin"], output: "/dev/null")
        return process.wait(atMost: .seconds(30)) == .status(0)
      } catch {
        return false
      }
    }

    // MARK: Disks

    /// The folder of the state (with spill files) or of the output on a file system that fills up, at
    /// many sizes; once there is room the same command completes.
    @Test(arguments: ["state", "out"]) func fullDisk(_ folder: String) async throws {
      try await CrashWorld.with { world in
        try world.project.write("jobs/crash.yaml", Self.impatient)
        let place = world.project.path("small")
        mkdir(place, 0o755)
        guard system("/usr/bin/mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", place) else {
          print(
            "NOT TESTED: a full disk. Mounting a tmpfs is not allowed here; run as root, outside of a container"
          )
          return
        }
        if folder == "out" { try world.project.write("tidemark.yaml", world.project.file("output: small\n")) }
        let state = folder == "state" ? "\(place)/state.db" : world.project.path(".tidemark/state.db")
        var full = 0
        let sizes =
          FaultDemand(1).isLong
          ? Array(stride(from: 4, through: 512, by: 4))
          : [4, 16, 32, 64, 100, 140, 180, 220, 260, 300, 340, 400]
        for size in folder == "out" ? [4] : sizes {
          #expect(system("/usr/bin/mount", "-o", "remount,size=\(size)k", place))
          if folder == "out" {
            // All but nothing is taken.
            system("/bin/sh", "-c", "head -c 4096 /dev/zero > \(place)/filler")
          }
          let run = try await world.project.run(
            CrashWorld.command + ["--state", state], environment: CrashWorld.environment)
          if run.status == 0 { break }
          full += 1
          #expect(run.status != 7 && !run.wasKilled, "\(size)k: \(run.output)")
          #expect(
            run.output.contains("disk_full") || run.output.contains("No space"), "\(size)k: \(run.output)")
          #expect(access(place + "/crash.csv.gz", F_OK) != 0, "\(size)k: a part of the file is there")
        }
        #expect(full > 0)
        FaultCount.add("full disk", full)
        #expect(system("/usr/bin/mount", "-o", "remount,size=64m", place))
        unlink(place + "/filler")
        let last = try await world.project.run(
          CrashWorld.command + ["--state", state], environment: CrashWorld.environment)
        #expect(last.status == 0, "\(last.output)")
        let undisturbed = try await CrashWorld.undisturbed()
        #expect(
          try await world.project.rows(
            "SELECT day::text, kind, n::text, total::text, mean::text FROM appended ORDER BY 1, 2")
            == Array(undisturbed.tables[3..<6]))
        let file = folder == "out" ? "small/crash.csv.gz" : "out/crash.csv.gz"
        #expect(try world.project.read(file) == undisturbed.files["out/crash.csv.gz"])
        #expect(system("/usr/bin/umount", place))
      }
    }

    /// Writes end short, and then fail, where a file would become longer than allowed.
    @Test(arguments: [1, 8, 40, 120, 400]) func shortWrites(_ blocks: Int) async throws {
      try await CrashWorld.with { world in
        try world.project.write("jobs/crash.yaml", Self.impatient)
        let first = try await world.project.run(
          CrashWorld.command, environment: CrashWorld.environment,
          behind: ["/bin/sh", "-c", "trap '' 25; ulimit -f \(blocks); exec \"$@\"", "sh"])
        FaultCount.add("short write")
        if blocks < 40 { #expect(first.status != 0, "\(first.output)") }
        let second = try await world.run()
        #expect(second.status == 0, "\(second.output)")
        try await world.expectUndisturbed(notices: false)
      }
    }

    /// Calls of the system that fail with EIO once, at the n-th time: none is passed over, so that what is told as
    /// done is on the disk. `pwrite64` is the state's, `write` that of files and of the log.
    @Test(arguments: [
      ("fsync,fdatasync", [1, 2, 3, 5, 8, 13, 21, 30]), ("pwrite64", [1, 2, 5, 13, 34, 55, 89, 144]),
      ("write", [1, 3, 6, 10, 15, 21, 28, 36]), ("rename,renameat,renameat2", [1, 2]),
      ("mkdir,mkdirat", [1, 2, 3]),
      ("pread64", [1, 5, 25]), ("openat", [150, 170, 190, 210]),
    ])
    func failingCalls(_ calls: String, _ numbers: [Int]) async throws {
      let strace = "/usr/bin/strace"
      try await CrashWorld.with { world in
        guard access(strace, X_OK) == 0, system(strace, "-qq", "-o", "/dev/null", "/bin/true") else {
          print("NOT TESTED: failing calls (\(calls)). strace is not here, or not allowed")
          return
        }
        try world.project.write("jobs/crash.yaml", Self.impatient)
        let all = FaultDemand(1).isLong ? Array((numbers.first ?? 1)...(numbers.last ?? 1)) : numbers
        for number in all {
          let first = try await world.project.run(
            CrashWorld.command, environment: CrashWorld.environment,
            behind: [
              strace, "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
              "inject=\(calls):error=EIO:when=\(number)",
            ])
          FaultCount.add("EIO from \(calls)")
          let second = try await world.run()
          #expect(second.status == 0, "\(calls) \(number): \(first.output)\n\(second.output)")
          try await world.expectUndisturbed(notices: false, "\(calls) \(number)")
          try await world.reset()
        }
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
    @Test(arguments: [-86_400 * 400, -86_400, -10_801, -300, 300, 10_801, 86_400, 86_400 * 30])
    func jumpingClock(_ seconds: Int) async throws {
      try await CrashWorld.with { world in
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
        try await world.expectUndisturbed()
      }
    }

    // MARK: Signals

    /// One place in each state of a run.
    static let states = [
      "plan.saved:1", "snapshot.taken:1", "chunk.middle:3", "chunk.read:2", "read.done:1", "merge.started:1",
      "merge.middle:2", "sinks.prepared:1", "publish.started:1", "publish.middle:1", "publish.marked:1",
      "publish.after_publish:1", "file.before_rename:1", "file.after_rename:1", "run.before_success:1",
    ]

    static let stops =
      states.map { (SIGTERM, $0) }
      + ["plan.saved:1", "chunk.middle:3", "publish.middle:1"].map { (SIGINT, $0) }

    /// Told to stop in any state the run saves what it has, exits 7 (or 0 where all was done), and goes on.
    @Test(arguments: stops) func toldToStop(_ signal: Int32, at place: String)
      async throws
    {
      try await CrashWorld.with { world in
        let output = world.project.path("said")
        let process = try #require(try await world.stopped(at: place, output: output))
        process.signal(signal)
        process.signal(SIGCONT)
        let first = try await world.project.end(of: process, output: output)
        FaultCount.add(signal == SIGTERM ? "SIGTERM" : "SIGINT")
        #expect(first.status == 7 || first.status == 0, "\(place): \(first.output)")
        let second = try await world.run()
        #expect(second.status == 0, "\(place): \(second.output)")
        try await world.expectUndisturbed()
      }
    }

    /// Asleep for longer than its lease, an owner loses its run; awake again it can write nothing.
    @Test(
      arguments: [
        "plan.saved:1", "chunk.middle:3", "chunk.read:2", "merge.started:1", "sinks.prepared:1",
        "publish.before_commit:1", "publish.marked:1", "file.before_rename:1", "run.before_success:1",
      ])
    func zombie(at place: String) async throws {
      try await CrashWorld.with(.postgres) { world in
        let output = world.project.path("said")
        let process = try #require(try await world.stopped(at: place, output: output))
        let heir = try await world.run()
        #expect(heir.status == 0, "\(place): \(heir.output)")
        process.signal(SIGCONT)
        let first = try await world.project.end(of: process, output: output)
        FaultCount.add("owner asleep past its lease")
        #expect(first.status == 8 && first.output.contains("fenced"), "\(place): \(first.output)")
        try await world.expectUndisturbed("\(place)")
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
