internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// `tidemark scheduler`: the daemon that runs every job when it is due.
enum SchedulerCommand {
  static let spec = CommandSpec(
    name: "scheduler", summary: "Run every job when it is due, until told to stop",
    discussion: """
      Reads the job files again when one changes and on SIGHUP; of a file that cannot be read the last good version
      goes on. SIGTERM stops it: runs that are going on are saved and gone on with later. Several may work on one
      state store. `tidemark systemd print scheduler` prints a unit for it.
      """,
    options: [OptionSpec("parallel", value: "N", help: "how many jobs may run at once (default 4)")],
    example: "tidemark scheduler --log-file scheduler.log",
    isAboutRuns: true,
    run: { invocation in
      let parallelism = try invocation.integer("parallel", in: 1...1000) ?? 4
      let changes = AsyncStream.makeStream(of: SchedulerCatalogue.Extent.self)
      StopSignals.onHangup { changes.continuation.yield(.all) }
      let context = try ProjectContext(invocation)
      let store = try await context.openStore()
      let service = SchedulerService(context, store, parallelism: parallelism)
      try FileWatch.start([context.root, context.root + "/jobs"]) { changes.continuation.yield(.changes) }
      // A stop up to here ends the process at once: what it has written so far, it has written whole.
      try await service.start()
      try await StopSignals.cancelling {
        try await service.run(reloads: changes.stream) { changes.continuation.yield(.matrices) }
      }
      await store.close()
      return .ok
    })
}
