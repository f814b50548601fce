import Glibc
import ProjectRig
import Runtime
import Testing

/// `errors.rerun` carried out by `tidemark run`, and what slows reading down.
@Suite(.timeLimit(.minutes(2))) struct RerunTests {
  private func failingJob(_ project: TidemarkProject, rerun: String, failures: Int) async throws {
    try await project.sql(
      "CREATE SEQUENCE tries",
      """
      CREATE FUNCTION fail() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('public.tries') <= \(failures) THEN RAISE EXCEPTION 'asked for' USING ERRCODE = '22012'; END IF;
      END $$
      """, "CREATE TABLE events AS SELECT i AS id FROM generate_series(1, 10) AS i")
    try project.write(
      "jobs/again.yaml",
      """
      version: 1
      job: again
      interval: {span: day}
      source: {connection: db, table: events}
      aggregate: {group_by: [], measures: {n: count(*)}}
      store:
        - table: {connection: db, name: result, mode: replace, create: true, before_publish: SELECT public.fail()}
      errors: {rerun: \(rerun)}
      notify: [{events: [failure], command: ["true"]}]

      """)
  }

  private func notices(_ project: TidemarkProject) async throws -> String {
    try await project.run(["notices", "list", "--json"]).output
  }

  @Test(arguments: [false, true]) func aFailedRunIsStartedAgain(isQuiet: Bool) async throws {
    try await TidemarkProject.with { project in
      try await failingJob(project, rerun: "{attempts: 2, wait: 10ms}", failures: 2)
      let run = try await project.run(["run", "again"] + (isQuiet ? ["--quiet"] : []))
      #expect(run.status == 0, "\(run.output)")
      // Each failure is told before the wait for the next attempt.
      #expect(run.output.ranges(of: "error[bad_value]").count == 2, "\(run.output)")
      for failure in 1...2 where !isQuiet {
        #expect(
          run.output.contains("failed \(failure) of at most 3 times; runs again at"), "\(run.output)")
      }
      #expect(try await project.rows("SELECT n::text FROM result") == [["10"]])
    }
  }

  @Test func attemptsAreUsedUp() async throws {
    try await TidemarkProject.with { project in
      try await failingJob(project, rerun: "{attempts: 1, wait: 10ms}", failures: 5)
      let run = try await project.run(["run", "again"])
      #expect(run.status == 1, "\(run.output)")
      #expect(try await project.rows("SELECT last_value::text FROM tries") == [["2"]])
      let told = try await notices(project)
      #expect(told.ranges(of: "\"retry_at\"").count == 1 && told.ranges(of: "\"next\"").count == 1, "\(told)")
    }
  }

  @Test func notWhereNobodyWantsIt() async throws {
    try await TidemarkProject.with { project in
      try await failingJob(project, rerun: "{attempts: 2, wait: 1h}", failures: 1)
      let run = try await project.run(["run", "again", "--no-rerun"])
      #expect(run.status == 1, "\(run.output)")
      // Nobody is promised an attempt that nobody makes.
      let told = try await notices(project)
      #expect(told.contains("\"next\": \"tidemark resume ") && !told.contains("retry_at"), "\(told)")
      let second = try await project.run(["run", "again", "--no-rerun"])
      #expect(second.status == 0, "\(second.output)")
    }
  }

  /// Stopped while it waits, the command ends with what the run failed by.
  @Test func stoppedWhileItWaits() async throws {
    try await TidemarkProject.with { project in
      try await failingJob(project, rerun: "{attempts: 2, wait: 1h}", failures: 1)
      let output = project.path("said")
      let process = try project.start(["run", "again"], output: output)
      func said() throws -> String { String(decoding: try project.read("said") ?? [], as: UTF8.self) }
      while try process.exit == nil && !said().contains("runs again at") { await Task.yield() }
      process.signal(SIGTERM)
      let run = try await project.end(of: process, output: output)
      #expect(run.status == 1 && run.output.contains("22012"), "\(run.output)")
    }
  }

  /// Small chunks are slowed as well: 200 rows at 100 a second, less the quarter of a second that is saved up.
  @Test func theRateHoldsForSmallChunks() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE events AS SELECT i AS id FROM generate_series(1, 200) AS i",
        "ALTER TABLE events ADD PRIMARY KEY (id)", "ANALYZE events")
      try project.write(
        "jobs/slow.yaml",
        """
        version: 1
        job: slow
        source: {connection: db, table: events, chunk: {by: key, column: id, rows: 20}}
        aggregate: {group_by: [], measures: {n: count(*)}}
        store: [{file: {path: slow.csv}}]
        limits: {max_rows_per_second: 100}

        """)
      let start = ContinuousClock.now
      let run = try await project.run(["run", "slow"])
      #expect(run.status == 0, "\(run.output)")
      #expect(ContinuousClock.now - start > .milliseconds(1500))
    }
  }

  /// The rate only slows: the result is the same, and what a run does is told to systemd.
  @Test func throttledAndTold() async throws {
    try await TidemarkProject.with { project in
      try await failingJob(project, rerun: "{attempts: 0}", failures: 0)
      let job = String(decoding: try project.read("jobs/again.yaml") ?? [], as: UTF8.self)
      try project.write(
        "jobs/again.yaml", job + "limits: {max_rows_per_second: 1000, max_replication_lag: 5s}\n")
      let path = project.path("notify")
      let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      defer { close(socket) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(bound == 0)
      let run = try await project.run(["run", "again"], environment: ["NOTIFY_SOCKET": path])
      #expect(run.status == 0, "\(run.output)")
      #expect(try await project.rows("SELECT n::text FROM result") == [["10"]])
      var told: [String] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count <= 0 { break }
        told.append(String(decoding: buffer[..<count], as: UTF8.self))
      }
      #expect(
        told.first == "STATUS=again: 0 of 1 chunks" && told.last == "STATUS=again: succeeded", "\(told)")
    }
  }
}
