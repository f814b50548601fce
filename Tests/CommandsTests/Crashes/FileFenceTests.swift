import Glibc
import Model
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// Files have no ledger: an owner that slept past its lease must not make its file appear over, or in the middle
  /// of, what its heir writes.
  @Suite(.timeLimit(.minutes(3))) struct FileFenceTests {
    private static let job = """
      \(CrashScenario.head)
      aggregate: {group_by: [kind], measures: {n: count(*), total: sum(amount)}}
      store: [{file: {path: sub/crash.csv}}]

      """

    /// Starts the job, and comes back where it stands still.
    private func stopped(_ world: CrashWorld, _ place: String, _ more: [String] = [])
      async throws -> (ChildProcess, output: String)
    {
      let output = try world.project.newOutput()
      let process = try await world.stopped(at: place, output: output, more: more)
      return (try #require(process), output)
    }

    /// The heir is the same run, a run by a changed job, or a new revision; it stands still over its own file, written
    /// and not renamed, while the sleeper wakes.
    @Test(arguments: ["same", "superseding", "again"]) func awakeAgain(_ heir: String) async throws {
      try await CrashWorld.with(.postgres) { world in
        try world.project.write("jobs/crash.yaml", Self.job)
        let (sleeper, said) = try await stopped(world, "file.before_rename:1")
        if heir == "superseding" {
          try world.project.write("jobs/crash.yaml", Self.job.replacing("total: sum", with: "total: max"))
        }
        if heir == "again" {
          let last = try await world.run()
          #expect(last.status == 0, "\(last.output)")
          try await world.project.sql("UPDATE events SET amount = amount + 1")
        }
        let before = try world.project.read("out/sub/crash.csv")
        let (process, output) = try await stopped(
          world, "file.before_rename:1", heir == "again" ? ["--again"] : [])
        sleeper.signal(SIGCONT)
        let late = try await world.project.end(of: sleeper, output: said)
        FaultCount.add("owner asleep before the rename of its file")
        #expect(late.status == 8 && late.output.contains("fenced"), "\(late.output)")
        #expect(try world.project.read("out/sub/crash.csv") == before)
        process.signal(SIGCONT)
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0, "\(run.output)")
        let total = heir == "superseding" ? "max(amount)" : "sum(amount)"
        let rows = try await world.project.rows(
          """
          SELECT concat_ws(',', coalesce(kind, ''), count(*), \(total)) FROM events
          WHERE at >= '2026-03-14' AND at < '2026-03-15' GROUP BY kind ORDER BY kind
          """)
        let text = String(decoding: try world.project.read("out/sub/crash.csv") ?? [], as: UTF8.self)
        #expect(text == (["kind,n,total"] + rows.map { $0[0] }).map { $0 + "\n" }.joined())
        #expect(try FolderTree.names(in: world.project.path("out/sub")) == ["crash.csv"])
      }
    }

    /// What was written beside the path that the job named before it was changed goes as well.
    @Test(arguments: CrashWorld.StateKind.allCases) func atThePathOfBefore(_ state: CrashWorld.StateKind)
      async throws
    {
      try await CrashWorld.with(state) { world in
        try world.project.write("jobs/crash.yaml", Self.job)
        let killed = try await world.run("sinks.prepared:1:kill")
        try #require(killed.wasKilled, "\(killed.output)")
        FaultCount.add("path of a file changed between two attempts")
        #expect(try FolderTree.names(in: world.project.path("out/sub")).count == 1)
        try world.project.write("out/sub/.crash.csv.other.tmp", "of somebody else")
        try world.project.write("jobs/crash.yaml", Self.job.replacing("sub/crash", with: "other/crash"))
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        #expect(try FolderTree.names(in: world.project.path("out/sub")) == [".crash.csv.other.tmp"])
        #expect(try FolderTree.names(in: world.project.path("out/other")) == ["crash.csv"])
      }
    }

    /// Where a cleaner has removed what was written, and nobody has taken over, the run fails and says so.
    @Test(arguments: CrashWorld.StateKind.allCases) func removedBySomebody(_ state: CrashWorld.StateKind)
      async throws
    {
      try await CrashWorld.with(state) { world in
        try world.project.write("jobs/crash.yaml", Self.job)
        let (process, output) = try await stopped(world, "file.before_rename:1")
        try FolderTree.remove(world.project.path("out/sub"))
        process.signal(SIGCONT)
        let failed = try await world.project.end(of: process, output: output)
        FaultCount.add("file removed before its rename")
        #expect(failed.status == 1 && failed.output.contains("error[output_gone]"), "\(failed.output)")
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        #expect(try FolderTree.names(in: world.project.path("out/sub")) == ["crash.csv"])
      }
    }
  }
}
