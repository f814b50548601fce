import ProjectRig
import Testing

extension CrashMatrix {
  /// Named places of jobs that publish otherwise than at the end and from what is kept: chunk by chunk, from the first
  /// of which on a run only goes forward, within the merge, where the transaction is open until the COMMIT, while
  /// chunks are read, where it is open from then on, and to several targets, one after the other.
  @Suite(.timeLimit(.minutes(30))) struct PublishPlaceTests {
    /// Around the first chunk, in the middle, and around the end.
    static let ofChunks =
      ["chunk.before_publish", "chunk.after_publish"].flatMap { point in [1, 2, 5].map { "\(point):\($0)" } }
      + [1, 2, 3, 6].map { "publish.middle:\($0)" }
      + ["before", "after"].flatMap { edge in
        ["sink_prepared", "sink_committed"].map { "state.\($0).\(edge)_commit:1" }
          + ["state.checkpoint.\(edge)_commit:1", "state.checkpoint.\(edge)_commit:4"]
      }
      + [
        "chunk.read:3", "read.done:1", "merge.middle:2", "sinks.prepared:1", "publish.before_commit:1",
        "publish.after_commit:1", "publish.marked:1", "publish.after_publish:1", "file.before_rename:1",
        "run.before_success:1",
      ]

    /// From before the transaction begins to behind its end.
    static let ofOneTable = [
      "merge.started:1", "merge.middle:1", "merge.middle:4", "file.prepared:1", "result.made:1",
      "state.sink_prepared.before_commit:1", "state.sink_prepared.after_commit:1", "sinks.prepared:1",
      "publish.started:1", "publish.before_commit:1", "publish.middle:1", "publish.after_commit:1",
      "state.sink_committed.before_commit:1", "publish.marked:1",
    ]

    /// From before the table is made to behind its publish.
    static let ofNewTable =
      ["ahead.begun:1", "ahead.stored:1", "ahead.named:1"]
      + [1, 2, 3, 7, 12].map { "ahead.middle:\($0)" }
      + [
        "chunk.middle:3", "chunk.read:3", "state.checkpoint.before_commit:3",
        "state.checkpoint.after_commit:3", "read.done:1", "merge.started:1", "merge.middle:5",
        "result.made:1", "state.sink_prepared.before_commit:1", "state.sink_prepared.after_commit:1",
        "sinks.prepared:1", "publish.started:1", "publish.before_commit:1", "publish.middle:1",
        "publish.after_commit:1", "state.sink_committed.before_commit:1", "publish.marked:1",
        "publish.after_publish:1",
      ]

    /// From before the first of two commits to behind the second, and at the file behind both.
    static let ofTwoTargets = [
      "sinks.prepared:1", "publish.started:1", "publish.before_commit:1", "publish.before_commit:2",
      "publish.middle:1", "publish.middle:2", "commit.answered:1", "commit.answered:2",
      "publish.after_commit:1",
      "publish.after_commit:2", "state.sink_committed.before_commit:1", "state.sink_committed.after_commit:1",
      "state.sink_committed.before_commit:2", "publish.marked:1", "publish.marked:2",
      "publish.after_publish:1", "file.before_rename:1", "file.after_rename:1",
    ]

    static let all: [(scenario: CrashScenario, points: [String])] = [
      (.chunks, ofChunks), (.oneTable, ofOneTable), (.newTable, ofNewTable), (.twoTargets, ofTwoTargets),
    ]

    @Test(arguments: CrashWorld.StateKind.allCases, all)
    func killed(_ state: CrashWorld.StateKind, at places: (scenario: CrashScenario, points: [String]))
      async throws
    {
      try await CrashWorld.each(of: places.points, state, places.scenario) { world, point in
        let kills = try await world.expectUndisturbed(killedAt: point)
        FaultCount.add("kill -9 while publishing, \(places.scenario), \(state) state", kills)
      }
    }

    /// Tried again where that is possible, else told; a result that the target has lost is made once more.
    @Test(arguments: all)
    func failing(at places: (scenario: CrashScenario, points: [String])) async throws {
      try await CrashWorld.each(of: places.points, .sqlite, places.scenario) { world, point in
        try await world.expectUndisturbed(failingAt: point)
        FaultCount.add("transient error while publishing, \(places.scenario)")
      }
    }
  }
}
