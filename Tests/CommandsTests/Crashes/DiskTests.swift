import Glibc
import Model
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// The folder of the state, of the output or of spill files on a file system that fills up, or that may only be read:
  /// nothing is published in part, the state is in order, and once there is room the same command completes.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for all 128 sizes from 4 KiB to 512.
  @Suite(.timeLimit(.minutes(60))) struct DiskTests {
    enum Folder: String, CaseIterable, Sendable { case state, output }

    /// Half a megabyte and more that no compression makes smaller by half, in the state and in a file.
    private static let job = """
      version: 1
      job: crash
      timezone: UTC
      interval: {span: day}
      source: {connection: db, table: wide, chunk: {by: key, column: id, rows: 40}}
      process: [{select: [id, text]}]
      store:
        - file: {path: wide.csv}
        - table: {connection: db, name: wider, mode: replace, create: true}
      errors: {retry: {initial: 10ms, max: 20ms, give_up_after: 1h}}

      """

    private static let rows = """
      CREATE TABLE wide AS SELECT i AS id, string_agg(encode(sha256(format('%s %s', i, j)::bytea), 'base64'), '') AS text
        FROM generate_series(1, 400) AS i, generate_series(1, 40) AS j GROUP BY i
      """

    private static var sizes: [Int] {
      FaultDemand(1).isLong
        ? Array(stride(from: 4, through: 512, by: 4))
        : [4, 16, 32, 64, 100, 140, 180, 220, 260, 300, 400, 512]
    }

    private func prepare(_ world: CrashWorld) async throws {
      try world.project.write("jobs/crash.yaml", Self.job)
      try await world.project.sql(Self.rows, "ALTER TABLE wide ADD PRIMARY KEY (id)", "ANALYZE wide")
    }

    private static let result = "SELECT count(*), md5(string_agg(text, '' ORDER BY id)) FROM "

    @Test(arguments: Folder.allCases) func full(_ folder: Folder) async throws {
      await Lanes.work(through: Self.sizes) { sizes in
        let isAllowed = try await Self.withSmallDisk { world in
          try await prepare(world)
          if folder == .output {
            try world.project.write("tidemark.yaml", world.project.file("output: small\n"))
          }
          while let size = sizes.next() { try await fill(folder, size, world) }
        }
        if !isAllowed { sizes.close() }
      }
    }

    /// Runs `body` with a world in whose folder `small` is a file system of its own, where that is allowed.
    /// - Parameter place: another one than `small`.
    private static func withSmallDisk(
      _ state: CrashWorld.StateKind = .sqlite, at place: String = "small",
      _ body: (CrashWorld) async throws -> Void
    ) async throws -> Bool {
      var isAllowed = false
      try await CrashWorld.with(state) { world in
        let place = world.project.path(place)
        #expect(try await SystemProgram.run("/usr/bin/mkdir", "-p", "-m", "0700", place))
        isAllowed = try await SystemProgram.run(
          "/usr/bin/mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", place)
        guard isAllowed else {
          print(
            "NOT TESTED: a full disk. Mounting a tmpfs is not allowed here; run as root, outside of a container"
          )
          return
        }
        try await CleanUp.after {
          try await body(world)
        } cleanUp: {
          let isGone = try await SystemProgram.run("/usr/bin/umount", "--lazy", place)
          #expect(isGone)
        }
      }
      return isAllowed
    }

    private func fill(_ folder: Folder, _ size: Int, _ world: CrashWorld) async throws {
      let comment = "\(size) KiB for the \(folder)"
      let place = world.project.path("small")
      let output = folder == .output ? "small" : "out"
      let state = folder == .state ? "small/state/state.db" : ".tidemark/state.db"
      try CrashWorld.empty(place)
      #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,size=\(size)k", place))
      let command = CrashWorld.command + ["--state", world.project.path(state)]
      let first = try await world.project.run(command, environment: CrashWorld.environment)
      if first.status != 0 {
        FaultCount.add("full disk, \(folder)")
        #expect(first.status == 6 || first.status == 1, "\(comment): \(first.output)")
        #expect(
          first.output.contains("disk_full") || first.output.contains("No space"),
          "\(comment): \(first.output)")
        #expect(try world.project.read("\(output)/wide.csv") == nil, "\(comment): the file is there")
        #expect(try await world.project.rows("SELECT to_regclass('wider') IS NULL") == [["t"]], "\(comment)")
      } else {
        #expect(size > 256, "\(comment) is enough")
      }
      #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,size=64m", place))
      if access(world.project.path(state), F_OK) == 0 {
        let check = try await world.project.run(["state", "check", "--state", world.project.path(state)])
        #expect(check.status == 0, "\(comment): \(check.output)")
      }
      let second = try await world.project.run(command, environment: CrashWorld.environment)
      #expect(second.status == 0, "\(comment): \(second.output)")
      #expect(
        try await world.project.rows(Self.result + "wider") == world.project.rows(Self.result + "wide"),
        "\(comment)")
      let lines = try await world.project.rows(
        "SELECT string_agg(id || ',' || text || E'\\n', '' ORDER BY id) FROM wide")
      #expect(
        try world.project.read("\(output)/wide.csv") == Array(("id,text\n" + lines[0][0]).utf8), "\(comment)")
      #expect(
        try FolderTree.names(in: world.project.path(output)).filter { $0.hasSuffix(".tmp") } == [],
        "\(comment)")
      try await world.reset()
      try await world.project.sql("DROP TABLE wider")
    }

    /// Rows that do not stay in memory, of one chunk.
    @Test(arguments: CrashWorld.StateKind.allCases)
    func fullOfSpills(_ state: CrashWorld.StateKind) async throws {
      let scratch = ".tidemark/scratch"
      _ = try await Self.withSmallDisk(state, at: scratch) { world in
        try await prepare(world)
        try await world.project.sql(
          "INSERT INTO wide SELECT id + n * 1000, text FROM wide, generate_series(1, 9) AS n", "ANALYZE wide")
        try world.project.write("jobs/crash.yaml", Self.job.replacing("rows: 40}", with: "rows: 10000}"))
        let place = world.project.path(scratch)
        #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,size=1m", place))
        let first = try await world.run()
        FaultCount.add("full disk, spill files")
        #expect(first.status == 1 && first.output.contains("error[disk_full]"), "\(first.output)")
        #expect(first.output.contains(place), "\(first.output)")
        #expect(try FolderTree.names(in: place) == [])
        #expect(try FolderTree.names(in: world.project.path("out")) == [])
        #expect(try await world.project.rows("SELECT to_regclass('wider') IS NULL") == [["t"]])
        #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,size=64m", place))
        let second = try await world.run()
        #expect(second.status == 0, "\(second.output)")
        #expect(
          try await world.project.rows(Self.result + "wider") == world.project.rows(Self.result + "wide"))
        #expect(try FolderTree.names(in: place) == [])
      }
    }

    /// A file system that may only be read says so, of the file that was to be written.
    @Test(arguments: Folder.allCases, CrashWorld.StateKind.allCases)
    func readOnly(_ folder: Folder, _ state: CrashWorld.StateKind) async throws {
      // A state in Postgres has no file.
      if folder == .state, state == .postgres { return }
      _ = try await Self.withSmallDisk(state) { world in
        try await prepare(world)
        let place = world.project.path("small")
        var command = CrashWorld.command
        if folder == .output {
          let line = state == .postgres ? TidemarkProject.stateLine(world.project.database) : ""
          try world.project.write("tidemark.yaml", world.project.file("output: small\n" + line))
        } else {
          command += ["--state", "\(place)/state.db"]
        }
        #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,ro,size=64m", place))
        let first = try await world.project.run(command, environment: CrashWorld.environment)
        FaultCount.add("read-only file system, \(folder)")
        #expect(first.status == 1 && first.output.contains("error[read_only]"), "\(first.output)")
        #expect(first.output.contains(place) && !first.output.contains("remove"), "\(first.output)")
        #expect(try await world.project.rows("SELECT to_regclass('wider') IS NULL") == [["t"]])
        #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,rw,size=64m", place))
        let second = try await world.project.run(command, environment: CrashWorld.environment)
        #expect(second.status == 0, "\(second.output)")
        #expect(
          try await world.project.rows(Self.result + "wider") == world.project.rows(Self.result + "wide"))
      }
    }

    /// A state that goes on growing over failures, each with a little more room.
    @Test func everLarger() async throws {
      _ = try await Self.withSmallDisk { world in
        try world.project.write("jobs/crash.yaml", SystemFaultTests.impatient)
        let place = world.project.path("small")
        let command = CrashWorld.command + ["--state", "\(place)/state.db"]
        var full = 0
        for size in [4, 16, 32, 64, 100, 140, 180, 220, 260, 300, 340, 400] {
          #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,size=\(size)k", place))
          let run = try await world.project.run(command, environment: CrashWorld.environment)
          if run.status == 0 { break }
          full += 1
          #expect(run.status != 7 && !run.wasKilled, "\(size)k: \(run.output)")
          #expect(
            run.output.contains("disk_full") || run.output.contains("No space"), "\(size)k: \(run.output)")
        }
        #expect(full > 0)
        FaultCount.add("full disk, state that grows", full)
        #expect(try await SystemProgram.run("/usr/bin/mount", "-o", "remount,size=64m", place))
        let last = try await world.project.run(command, environment: CrashWorld.environment)
        #expect(last.status == 0, "\(last.output)")
        let undisturbed = try await CrashWorld.undisturbed()
        #expect(
          try await world.project.rows(
            "SELECT day::text, kind, n::text, total::text, mean::text FROM appended ORDER BY 1, 2")
            == Array(undisturbed.tables[3..<6]))
        #expect(try world.project.read("out/crash.csv.gz") == undisturbed.files["out/crash.csv.gz"])
      }
    }
  }
}
