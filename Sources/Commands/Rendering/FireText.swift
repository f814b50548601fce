internal import Engine
internal import Model
internal import Scheduler
internal import StateStore
internal import Timetable

/// One fire, as people and programs read it.
struct FireText {
  /// The job, with its matrix row.
  let name: String
  /// RFC 3339 by the job's clock.
  let fire: String
  /// The interval's label.
  let interval: String?
  private let range: TimeRange?
  private let id: ScheduledJob.ID
  private var report: FireReport?

  init(_ report: FireReport, _ job: ScheduledJob?) {
    self.init(report.job, report.fire, report.interval, job)
    self.report = report
  }

  init(_ line: DuePreview.Line, _ job: ScheduledJob?) {
    self.init(line.job, line.fire, line.interval, job)
  }

  init(_ record: FireRecord, _ job: ScheduledJob?) {
    self.init(
      ScheduledJob.ID(job: record.key.job, row: record.key.matrixRow), record.key.fire, record.interval, job)
  }

  private init(_ id: ScheduledJob.ID, _ fire: Instant, _ interval: TimeRange?, _ job: ScheduledJob?) {
    self.id = id
    name = id.description
    self.fire = job?.text(of: fire) ?? fire.text()
    self.interval = interval.flatMap { job?.ledger.intervals.label(of: $0) }
    range = interval
  }

  var line: String {
    guard let report else { return "\(name)  \(fire)" }
    let style = Terminal.outputStyle
    let mark =
      report.fault == nil ? style.green("✓") : report.isOpen ? style.yellow("!") : style.red("✗")
    var line = "\(mark) \(style.bold(name))  \(interval ?? "-")  fire \(fire)  \(report.outcome.rawValue)"
    if let summary = report.summary {
      line += "  \(Quantity.counted(summary.resultRows, "row")) in \(Quantity.seconds(summary.seconds))"
    }
    if let run = report.run { line += style.dim("  \(run)") }
    return line
  }

  /// What every document about a fire holds.
  var members: [JSONValue.Member] {
    [
      .init("job", .string(id.job.text)), .init("matrix_row", id.row.isEmpty ? .null : .string(id.row)),
      .init("fire", .string(fire)), .init("interval", .optional(interval)),
      .init("interval_start", .optional(range?.start.text())),
      .init("interval_end", .optional(range?.end.text())),
    ]
  }

  var json: JSONValue {
    guard let report else { return .object(members) }
    return .object(
      members + [
        .init("outcome", .string(report.outcome.rawValue)), .init("run", .optional(report.run?.text)),
        .init("result_rows", report.summary.map { .integer($0.resultRows) } ?? .null),
        .init("fault", report.fault.map { FaultText(fault: $0).json } ?? .null),
        .init("paused", .optional(report.pause?.reason)),
      ])
  }
}
