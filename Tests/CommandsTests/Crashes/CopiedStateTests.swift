import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// A state that is lost, or copied: what is published knows of it all the same.
  @Suite(.timeLimit(.minutes(5))) struct CopiedStateTests {
    /// A state file that is lost, or another machine's, publishes nothing twice.
    @Test func aLostStatePublishesNothingTwice() async throws {
      try await CrashWorld.with { world in
        let first = try await world.project.run(CrashWorld.command)
        try #require(first.status == 0)
        let before = try await world.traces()
        let second = try await world.project.run(
          CrashWorld.command + ["--state", world.project.path("other/state.db")])
        // The file says that it is there already: nothing of it is replaced.
        #expect(second.status == 8, "\(second.output)")
        #expect(try await world.traces() == before)
      }
    }

    /// Copies a state file with all that is beside it.
    /// - Returns: the copy's path.
    private func stateCopy(of world: CrashWorld) async throws -> String {
      let copy = try ChildProcess(
        ["/bin/cp", "-r", world.project.path(".tidemark"), world.project.path("copy")], environment: [:],
        output: "/dev/null")
      #expect(try await copy.exit(within: .seconds(30)) == .status(0))
      return world.project.path("copy/state.db")
    }

    /// A copy of a state, taken anywhere on the way, goes on from there and publishes nothing twice, whether the
    /// original has gone on or not.
    @Test(
      arguments: CrashScenario.usual,
      ["read.done:1:kill", "publish.before_commit:1:kill", "publish.marked:1:kill"])
    func aCopiedStatePublishesNothingTwice(_ scenario: CrashScenario, _ place: String) async throws {
      try await CrashWorld.with(.sqlite, scenario) { world in
        let first = try await world.run(place)
        try #require(first.wasKilled, "\(first.output)")
        let copy = try await stateCopy(of: world)
        let original = try await world.run()
        #expect(original.status == 0, "\(original.output)")
        try await world.expectUndisturbed()
        let copied = try await world.project.run(CrashWorld.command + ["--state", copy])
        FaultCount.add("copied state")
        // A file that is there and was not begun by what the copy knows of is not replaced.
        #expect(
          copied.status == 0 || (copied.status == 8 && copied.output.contains("file_exists")),
          "\(copied.output)")
        try await world.expectUndisturbed()
      }
    }

    /// Nor does one that was taken when some chunks were published and others not even read.
    @Test func anOldCopyOfAStateCannotFinishARun() async throws {
      try await CrashWorld.with(.sqlite, .chunks) { world in
        let first = try await world.run("chunk.after_publish:2:kill")
        try #require(first.wasKilled, "\(first.output)")
        let copy = try await stateCopy(of: world)
        let original = try await world.run()
        #expect(original.status == 0, "\(original.output)")
        let copied = try await world.project.run(CrashWorld.command + ["--state", copy])
        #expect(
          copied.status == 8 && copied.output.contains("another copy of this state"), "\(copied.output)")
        try await world.expectUndisturbed()
      }
    }
  }
}
