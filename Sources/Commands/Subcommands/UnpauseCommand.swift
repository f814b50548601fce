internal import JobFiles
internal import Model
internal import StateStore

/// `tidemark unpause`.
enum UnpauseCommand {
  static let spec = CommandSpec(
    name: "unpause", summary: "End a job's pause",
    operands: [.init(name: "JOB", help: "the job")], example: "tidemark unpause daily-revenue",
    run: { invocation in
      let context = try ProjectContext(invocation)
      let job = try PauseCommand.wholeJob(context, invocation.operands[0])
      let store = try await context.openStore()
      let ended = try await store.unpause(
        project: context.project.name, job: job.name, by: Person.current)
      await store.close()
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([.init("job", .string(job.name.text)), .init("ended", .boolean(ended))])
            .prettyText)
      } else {
        Terminal.print(ended ? "\(job.name) is due again" : "\(job.name) was not paused")
      }
      return .ok
    })
}
