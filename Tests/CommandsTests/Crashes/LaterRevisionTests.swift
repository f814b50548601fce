import ProjectRig
import Testing

extension CrashMatrix {
  /// A run that is published in part goes only forward; but not over what another state has published since, as a later
  /// revision of the same interval.
  @Suite(.timeLimit(.minutes(10))) struct LaterRevisionTests {
    @Test(
      arguments: CrashWorld.StateKind.allCases,
      [
        "chunk.after_publish:2:kill", "read.done:1:kill", "publish.marked:1:kill",
      ])
    func byChunks(_ state: CrashWorld.StateKind, _ place: String) async throws {
      try await CrashWorld.with(state, .chunks) { world in
        try await expectKept(world, place)
      }
    }

    /// The second store is in another database.
    @Test(
      arguments: ["append", "merge", "replace_window"],
      ["publish.after_commit:1:kill", "publish.marked:1:kill"])
    func acrossDatabases(_ mode: String, _ place: String) async throws {
      try await TidemarkProject.with { other in
        try await CrashWorld.with(.sqlite, .groups) { world in
          try world.project.write(
            "tidemark.yaml",
            world.project.file().replacing(
              "defaults:", with: "  other: {url: \"\(other.database)\", search_path: [public]}\ndefaults:"))
          let window = mode == "replace_window" ? ", window: day" : ""
          try world.project.write(
            "jobs/crash.yaml",
            """
            \(CrashScenario.head)
            aggregate:
              group_by: [{day: "at::date"}, kind]
              measures: {n: count(*), total: sum(amount)}
            store:
              - table: {connection: db, name: near, mode: \(mode)\(window), create: true}
              - table: {connection: other, name: far, mode: \(mode)\(window), create: true}

            """)
          try await expectKept(world, place)
        }
      }
    }

    /// Kills a run at a place, has another state publish a later revision of changed rows, and expects that the first
    /// one adds nothing, that it can be given up, and that its state can then publish a revision above both.
    private func expectKept(_ world: CrashWorld, _ place: String) async throws {
      let first = try await world.run(place)
      try #require(first.wasKilled, "\(first.output)")
      try await world.project.sql("UPDATE events SET amount = amount + 1")
      let elsewhere = CrashWorld.command + ["--state", world.project.path("other/state.db")]
      let later = try await world.project.run(elsewhere + ["--again"])
      #expect(later.status == 0, "\(later.output)")
      let query =
        "SELECT sink, revision, run_id, rows, result_hash FROM tidemark.publications ORDER BY 1, 2, 3"
      let before = try await world.project.rows(query)
      for again in [[], ["--again"]] {
        let late = try await world.project.run(
          CrashWorld.command + again, environment: CrashWorld.environment)
        #expect(late.status == 8 && late.output.contains("published_by_another"), "\(late.output)")
        #expect(try await world.project.rows(query) == before)
      }
      FaultCount.add("a later revision of another state")
      let verified = try await world.project.run([
        "verify", "crash", "--state", world.project.path("other/state.db"),
      ])
      #expect(verified.status == 0, "\(verified.output)")
      let given = try await world.project.run(["cancel", "--partial", "crash"])
      #expect(given.status == 0, "\(given.output)")
      let own = try await world.project.run(CrashWorld.command + ["--again"])
      #expect(own.status == 0 && own.output.contains("revision 3"), "\(own.output)")
      let compared = try await world.project.run(["verify", "crash"])
      #expect(compared.status == 0, "\(compared.output)")
    }
  }
}
