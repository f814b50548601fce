internal import Model
internal import Runtime
internal import StateStore

/// `tidemark status`: what needs a person first, then every run that is not over and the newest of each job.
enum StatusCommand {
  static let spec = CommandSpec(
    name: "status",
    summary: "Show where every job stands, what needs a person first, and the intervals nobody has made",
    operands: [.init(name: "JOB", help: "only this job", isRequired: false)],
    example: "tidemark status",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStoreToRead()
    var asked: NamedJob?
    if let name = invocation.operands.first { asked = try await context.named(name, in: store) }
    let job = asked?.name
    let runs = try await store.standingRuns(project: context.project.name, job: job, matrixRow: asked?.row)
    let holes = try await ScheduleHoles(context, store, job: job, row: asked?.row)
    var intervals = try IntervalText(context)
    intervals.add(holes.known)
    let now = SystemClock.now
    let retries = try await RetryTimes(context, store)
    var lines: [RunLine] = []
    for record in runs {
      lines.append(
        try await RunLine(
          record, in: store, now: now, intervals: intervals, retry: retries.text(record.id)))
    }
    let known = Set(runs.map(\.identity.job))
    let idle = intervals.jobs.filter { (job == nil || $0 == job) && !known.contains($0) }.map(\.text)
    lines.sort { ($0.urgency, $0.name) < ($1.urgency, $1.name) }
    let notices = try await store.undelivered(project: context.project.name, job: job)
    await store.close()
    if !invocation.has("json") {
      FaultReport.warn(holes.warnings)
      if !holes.faults.isEmpty { _ = FaultReport.print(holes.faults, asJSON: false) }
    }
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object(
          [
            .init("jobs", .array(lines.map(\.json))),
            .init("without_runs", .array(idle.map(JSONValue.string))),
            .init(
              "notices",
              .object([
                .init("gave_up", .integer(notices.gaveUp)), .init("failing", .integer(notices.failing)),
              ])),
          ] + holes.members
        ).prettyText)
    } else if lines.isEmpty {
      let none = "No runs\(asked.map { " of \($0)" } ?? "") yet"
      let reason = store.isAbsent ? "There is no state yet at \(store.location)" : none
      Terminal.print("\(reason). `tidemark run \(asked?.argument ?? "JOB")` starts one.")
      tell(notices, holes.brokenLines)
    } else {
      Terminal.print(StatusCommand.summary(lines, broken: holes.brokenLines.count))
      tell(notices, holes.brokenLines)
      let hasParameters = lines.contains { $0.parameters != nil }
      for line in TextTable(
        header: ["", "job", "state", "interval"] + (hasParameters ? ["parameters"] : [])
          + ["run", "when", "what now"],
        rows: lines.map { $0.cells(hasParameters: hasParameters) }
      ).lines { Terminal.print(line) }
      if !idle.isEmpty { Terminal.print("Without a run so far: \(idle.joined(separator: ", "))") }
    }
    if !invocation.has("json") {
      for line in holes.lines { Terminal.print(line) }
    }
    return ExitCode.gravest(holes.faults.map(\.kind.exitCode))
  }

  /// Whoever relies on a job, or an alarm, has to know that it does not come.
  private static func tell(_ notices: (gaveUp: Int, failing: Int), _ broken: [String]) {
    func count(_ number: Int) -> String { "\(number) notice\(number == 1 ? "" : "s")" }
    let style = Terminal.outputStyle
    for line in broken { Terminal.print("\(style.red("✗")) \(line)") }
    if notices.gaveUp > 0 {
      let what = style.red("\(count(notices.gaveUp)) gave up")
      Terminal.print(
        "! \(what): `tidemark notices list --only gave_up` says why, `tidemark notices retry all` tries again,"
          + " `tidemark notices dismiss all` ends this line"
      )
    }
    if notices.failing > 0 {
      let what = style.yellow("\(count(notices.failing)) could not be delivered so far")
      Terminal.print("! \(what): `tidemark notices list --only due` says why")
    }
  }

  /// `2 need you, 1 waits or retries, 1 is going on, 5 are well`.
  /// - Parameter broken: how many files need a person.
  private static func summary(_ lines: [RunLine], broken: Int) -> String {
    var counts = (0...3).map { urgency in lines.filter { $0.urgency == urgency }.count }
    counts[0] += broken
    let style = Terminal.outputStyle
    var parts: [String] = []
    if counts[0] > 0 { parts.append(style.red("\(counts[0]) need\(counts[0] == 1 ? "s" : "") you")) }
    if counts[1] > 0 { parts.append(style.yellow("\(counts[1]) wait\(counts[1] == 1 ? "s" : "")")) }
    if counts[2] > 0 { parts.append("\(counts[2]) going on") }
    if counts[3] > 0 { parts.append(style.green("\(counts[3]) well")) }
    return parts.joined(separator: ", ")
  }
}
