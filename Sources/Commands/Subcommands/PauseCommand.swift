internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// `tidemark pause`: lets a job's fires go by until somebody ends the pause.
enum PauseCommand {
  static let spec = CommandSpec(
    name: "pause", summary: "Let a job's fires go by for a while",
    discussion: """
      Fires that come due meanwhile end as `paused`, and stay visible as holes; those that wait already go on
      waiting. A run that is going on is left alone unless --cancel is given.
      """,
    operands: [.init(name: "JOB", help: "the job, with all rows of its matrix")],
    options: [
      OptionSpec("until", value: "TIME", help: "RFC 3339, a date by the job's clock, or a length such as 2h"),
      OptionSpec("reason", value: "TEXT", help: "why, for whoever looks at three in the morning"),
      OptionSpec("cancel", help: "also end what runs now"),
    ],
    example: "tidemark pause daily-revenue --until 2h --reason 'warehouse migration'",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let job = try wholeJob(context, invocation.operands[0])
    let until = try moment(invocation, job)
    let reason = invocation["reason"] ?? ""
    let by = Person.current
    let store = try await context.openStore()
    let pause = try await store.pause(
      project: context.project.name, job: job.name, until: until, reason: reason, by: by)
    var (results, told): ([(RunID, String)], [String]) = ([], [])
    if invocation.has("cancel") {
      let cancellation = context.cancellation(in: store)
      let open = RunFilter(project: context.project.name, job: job.name, isUnfinished: true)
      for run in try await store.runs(open) where try await store.isOwned(run.id) {
        do {
          let result = try await cancellation.end(
            run.id, by: by, reason: reason.isEmpty ? "the job was paused" : reason)
          results.append((run.id, result.word))
          told.append("run \(run.id): \(result.sentence)")
        } catch let fault as Fault where fault.code == "illegal_move" {
          results.append((run.id, "goes_on"))
          told.append("run \(run.id): goes on to its end, since it has published")
        }
      }
      if told.isEmpty { told.append("nothing of it runs now") }
    }
    await store.close()
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object(
          PauseText(pause).members + [
            .init(
              "runs",
              .array(
                results.map { run, result in
                  .object([.init("run", .string(run.text)), .init("result", .string(result))])
                }))
          ]
        ).prettyText)
    } else {
      Terminal.print(PauseText(pause).line)
      for line in told { Terminal.print("  \(line)") }
      Terminal.print("  `tidemark unpause \(job.name)` ends the pause")
    }
    return .ok
  }

  /// A pause holds for every row of a matrix.
  static func wholeJob(_ context: ProjectContext, _ name: String) throws -> Job {
    let (reading, row) = try context.job(name)
    if let row {
      throw Fault(
        "bad_value", .usage, "A pause is for the whole job, not for the row `\(row)`",
        hint: "Name \(reading.job.name)")
    }
    return reading.job
  }

  private static func moment(_ invocation: Invocation, _ job: Job) throws(Fault) -> Instant? {
    guard let text = invocation["until"] else { return nil }
    let now = SystemClock.now
    // A zone that differs by the matrix row is no one's: such a pause is told by UTC.
    let zone = try ZoneFiles.system.rules(named: job.timezone.literal ?? "UTC")
    let length = UnitText.duration(text).map { Instant(seconds: now.advanced(by: $0).seconds) }
    let until = length == nil ? try invocation.instant("until", zone, or: ", or a length such as 2h") : length
    if let until, until <= now {
      throw Fault(
        "bad_value", .usage, "`--until \(text)` is over already: it is \(now.text())",
        hint: "Name a later moment, or a length such as 2h")
    }
    return until
  }
}
