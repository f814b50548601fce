internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Timetable

/// `tidemark schedule`: when a job is due next, and what became of its fires.
enum ScheduleCommand {
  static let spec = CommandSpec(
    name: "schedule", summary: "Print when a job or a cron expression is due, or a job's ledger of fires",
    discussion: """
      schedule next EXPR|JOB   the fires after a moment, with what the clocks of the zone do to them
      schedule ledger JOB      every fire since the job was first seen, with its outcome
      """,
    operands: [
      .init(name: "next|ledger", help: "what to print"),
      .init(name: "EXPR|JOB", help: "a quoted cron expression, or a job"),
    ],
    options: [
      OptionSpec("timezone", value: "ZONE", help: "an IANA name (default: the job's, else UTC)"),
      OptionSpec("from", value: "TIME", help: "next: fires after it (default: now); ledger: from it on"),
      OptionSpec("count", value: "N", help: "how many fires (next: 10, ledger: the newest 50)"),
      OptionSpec("gap", value: "POLICY", help: "run_after or skip: local times that the clocks jump over"),
      OptionSpec("overlap", value: "POLICY", help: "first, second or both: local times that come twice"),
      OptionSpec("name", value: "NAME", help: "the job's name that H and ~ are drawn from"),
      OptionSpec("explain", help: "say in words when it is due"),
    ],
    example: "tidemark schedule next '30 2 * * *' --timezone Europe/Berlin --from 2026-03-27 --count 4",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    switch invocation.operands[0] {
    case "next": return try await next(invocation)
    case "ledger": return try await ScheduleLedger(invocation).print()
    default:
      throw Fault(
        "bad_value", .usage, "`tidemark schedule \(invocation.operands[0])` is nothing that can be printed",
        hint: DidYouMean.hint(for: invocation.operands[0], among: ["next", "ledger"])
          ?? "Write `schedule next` or `schedule ledger`")
    }
  }

  // MARK: Next

  private static func next(_ invocation: Invocation) async throws -> ExitCode {
    let named = invocation.operands[1]
    let isExpression = named.hasPrefix("@") || named.contains(where: \.isWhitespace)
    let rules: FireRules
    let zone: ZoneRules
    do throws(Faults) {
      (rules, zone) =
        isExpression ? try expression(named, invocation) : try await job(named, invocation)
    } catch {
      guard isExpression, !invocation.has("json") else { throw error }
      for fault in error.all {
        Terminal.printError(
          FaultText(fault: fault, sourceLine: fault.place == nil ? nil : named, style: Terminal.errorStyle)
            .text
            + "\n")
      }
      return error.all[0].kind.exitCode
    }
    let from = try invocation.instant("from", zone) ?? SystemClock.now
    let count = try invocation.integer("count", in: 1...100_000) ?? 10
    let listing = FireListing(rules: rules, zone: zone, from: from, count: count)
    if invocation.has("json") {
      Terminal.print(listing.json.prettyText)
      return .ok
    }
    let words = invocation.has("explain") ? listing.explanation : []
    for line in words + listing.lines { Terminal.print(line) }
    return .ok
  }

  private static func expression(
    _ text: String, _ invocation: Invocation
  ) throws(Faults) -> (FireRules, ZoneRules) {
    let expression = try CronExpression(
      SourceText(text, origin: "expression"), jobName: invocation["name"] ?? "")
    FaultReport.warn(expression.warnings.map(\.fault))
    do throws(Fault) {
      let rules = FireRules(
        [.cron(expression)], daylight: try daylight(invocation, .standard), warnings: expression.warnings)
      return (rules, try ZoneFiles.system.rules(named: invocation["timezone"] ?? "UTC"))
    } catch {
      throw Faults([error])
    }
  }

  private static func job(
    _ name: String, _ invocation: Invocation
  ) async throws(Faults) -> (FireRules, ZoneRules) {
    do {
      let context = try ProjectContext(invocation)
      let (reading, row) = try context.job(name)
      if row != nil { _ = try await JobRows(reading.job, context.queries).rows(named: row) }
      let found = try await ScheduleReading(context, names: [reading.job.file], punctuality: .seconds(60))
      guard let job = found.scheduled.first(where: { row == nil || $0.id.row == row }) else {
        if !found.faults.isEmpty { throw Faults(found.faults) }
        throw ProjectContext.noSchedule(name)
      }
      guard let schedule = job.job.schedule else { throw ProjectContext.noSchedule(name) }
      let rules = try FireRules(schedule, job: job.job.name)
      FaultReport.warn(rules.warnings.map(\.fault))
      let others = found.scheduled.filter { row == nil && $0.zone.name != job.zone.name }.map(
        \.id.description)
      if !others.isEmpty, invocation["timezone"] == nil {
        Terminal.printError(
          "The fires of \(job.id); by clocks of their own go \(others.joined(separator: ", "))\n")
      }
      let zone = try invocation["timezone"].map { try ZoneFiles.system.rules(named: $0) } ?? job.zone
      return (
        FireRules(
          rules.rules, except: rules.except, daylight: try daylight(invocation, rules.daylight),
          warnings: rules.warnings), zone
      )
    } catch let faults as Faults {
      throw faults
    } catch let fault as Fault {
      throw Faults([fault])
    } catch {
      throw Faults([Fault("internal", .internal, "The job cannot be read", cause: "\(error)")])
    }
  }

  private static func daylight(
    _ invocation: Invocation, _ policy: DaylightPolicy
  ) throws(Fault) -> DaylightPolicy {
    DaylightPolicy(
      gap: try invocation.choice("gap", Schedule.GapPolicy.self) ?? policy.gap,
      overlap: try invocation.choice("overlap", Schedule.OverlapPolicy.self) ?? policy.overlap)
  }
}

extension ScheduleWarning {
  fileprivate var fault: Fault { Fault(code, .validation, sentence, place: place, hint: hint) }
}
