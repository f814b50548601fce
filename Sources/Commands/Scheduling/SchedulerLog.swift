internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// What a scheduler has to tell besides its runs, as lines of the log.
struct SchedulerLog: Sendable {
  private let log: Log

  init(_ log: Log) {
    self.log = log
  }

  func write(_ level: RunEvent.Level, _ event: String, _ facts: [JSONValue.Member] = []) {
    log.write(level, event, facts)
  }

  /// Something failed, and the scheduler goes on.
  func trouble(_ event: String, _ error: any Error, _ facts: [JSONValue.Member] = []) {
    log.write(.error, event, facts + FaultText(fault: Fault(describing: error)).facts)
  }

  /// All goes on, and somebody should know of this.
  func warn(_ fault: Fault) {
    log.write(.warning, "schedule_warning", FaultText(fault: fault).facts)
  }

  func tell(_ event: SchedulerDaemon.Event) {
    switch event {
    case .started(let job, let fire):
      write(
        .info, "fire_started", [.init("job", .string(job.description)), .init("fire", .string(fire.text()))])
    case .ended(let report):
      write(
        report.fault == nil ? .info : .error, "fire_ended",
        [
          .init("job", .string(report.job.description)), .init("fire", .string(report.fire.text())),
          .init("outcome", .string(report.outcome.rawValue)), .init("run", .optional(report.run?.text)),
        ] + (report.fault.map { FaultText(fault: $0).facts } ?? []))
      if let pause = report.pause {
        write(
          .error, "job_paused",
          [.init("job", .string(report.job.job.text)), .init("reason", .string(pause.reason))])
      }
    case .trouble(let fault): trouble("state_trouble", fault)
    }
  }
}
