import DemoServer
import Engine
import Model
import Runtime
import StateStore
import Testing

@testable import Scheduler

/// Runs that are given up while their fires are open.
@Suite struct CancelledFireTests {
  @Test func aRunIsCancelledForGood() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.expect(.dies)
      let run = try #require(try await world.tick(at: 1, job).first?.run)
      let cancellation = RunCancellation(store: world.store, raiseFences: { _ in false })
      #expect(try await cancellation.end(run, by: "ops", reason: "not needed") == .ended)
      #expect(try await cancellation.end(run, by: "ops", reason: "again") == .over(.cancelled))
      #expect(try await world.ledger() == ["1.0 cancelled"])
      #expect(try await world.tick(job).isEmpty)
    }
  }

  /// The job's interval changes while a run stands amid its publish: one whose targets hold its result is finished,
  /// and one of which nobody can tell that is told of, and decided later.
  @Test(arguments: [true, nil]) func amidItsPublishARunOfAnotherIntervalIsNotDropped(
    _ isPublished: Bool?
  ) async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.expect(.dies)
      let run = try #require(try await world.tick(at: 1, job).first?.run)
      guard case .owned(let ownership) = try await world.store.claim(run) else { throw CancellationError() }
      for state in [RunState.merging, .prepared, .publishing] {
        try await world.store.move(ownership, RunMove(to: state, event: EventDraft(state.rawValue)))
      }
      try await world.store.release(ownership)
      let changed = try world.job("interval: {span: day}\n\(ScheduleWorld.hourly)")
      func tick(_ isPublished: Bool?) async throws -> [FireReport] {
        let cancellation = RunCancellation(store: world.store) { _ in
          guard let isPublished else { throw Fault("cannot_connect", .connection, "The target is down") }
          return isPublished
        }
        return try await Tick(
          clerk: world.clerk,
          execution: FireExecution(
            store: world.store, runner: world.runner, zones: .system, now: world.now,
            cancellation: cancellation), parallelism: 1
        ).run([changed]) { _ in }
      }
      let reports = try await tick(isPublished)
      #expect(reports.first?.run == run)
      if isPublished == true {
        #expect(reports.first?.fault == nil, "\(reports)")
        #expect(try await world.ledger().first == "1.0 ran")
      } else {
        #expect(reports.first?.fault?.code == "undecided" && reports.first?.isOpen == true, "\(reports)")
        #expect(try await world.ledger().first == "1.0 claimed")
        _ = try await tick(false)
        #expect(try await world.ledger().first == "1.0 failed")
      }
    }
  }

  /// Nobody takes a run over while somebody who gives up its rest waits for targets that hang.
  @Test func whileARestIsGivenUpTheLeaseIsKept() async throws {
    try await SharedServer.withDatabase { settings in
      let store = try await Store.openPostgres(settings, lease: .seconds(3))
      let identity = RunIdentity(
        project: "shop", job: JobName("job"), matrixRow: "", interval: nil, parameters: [:])
      guard case .created(let run) = try await store.openRun(NewRun(identity: identity, jobHash: "")),
        case .owned(let owner) = try await store.claim(run.id)
      else { throw CancellationError() }
      try await store.markPrepared(
        ["a", "b"].map { PreparedSink(sink: $0, resultHash: "", rowCount: 0) }, commitment: nil, for: owner)
      for state in [RunState.running, .merging, .prepared, .publishing] {
        try await store.move(owner, RunMove(to: state, event: EventDraft(state.rawValue)))
      }
      try await store.release(owner)
      let cancellation = RunCancellation(store: store, raiseFences: { _ in false })
      let (result, rest) = try await cancellation.endPartly(run.id, by: "ops", reason: "gone") { record in
        // Until somebody has renewed it, or it has ended.
        var left = Duration.seconds(3)
        while case .lease(let now)? = try await store.hold(on: record.id), now <= left { left = now }
        #expect(try await store.isOwned(record.id))
        return PartialResult(held: ["a"], missing: ["b"], sinks: ["a"], failure: nil)
      }
      #expect(result == .ended && rest?.missing == ["b"])
      #expect(try await store.run(run.id)?.state == .cancelled)
      await store.close()
    }
  }
}
