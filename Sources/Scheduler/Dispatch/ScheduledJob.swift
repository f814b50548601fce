package import Engine
package import Model
package import Runtime
package import StateStore
package import Timetable

/// A job, or one row of its matrix, with its schedule worked out for its zone.
package struct ScheduledJob: Sendable {
  /// Tells the job and row apart from all others of the project.
  package struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var job: JobName
    /// Empty where the job has no matrix.
    package var row: String

    package init(job: JobName, row: String = "") {
      self.job = job
      self.row = row
    }

    package var description: String { job.subject(row: row) }

    package static func < (left: ID, right: ID) -> Bool {
      (left.job.text, left.row) < (right.job.text, right.row)
    }
  }

  package let id: ID
  /// What its runs have in common; its interval and fire are filled in for each.
  package let request: RunRequest
  package private(set) var ledger: FireLedger
  /// What its fires by the clock have for parameters, as the identity of their runs says it.
  package let clockParameters: [String: String]
  /// What fires it besides the clock.
  package let trigger: Trigger?
  /// What makes it due by the clock, as the state keeps it.
  package let clock: JSONValue
  private let zones: ZoneFiles

  package enum Trigger: Hashable, Sendable {
    case channel(connection: String, name: String, missed: SourceText?)
    /// As written in the job.
    case file(path: String)
  }

  package var job: Job { request.job }
  package var zone: ZoneRules { ledger.intervals.zone }

  /// Whether it is of the same text of its job, and of the same cells of its matrix.
  package func isSame(as other: ScheduledJob) -> Bool {
    id == other.id && request.jobHash == other.request.jobHash && request.matrixRow == other.request.matrixRow
  }

  /// The next fire of the clock that will come: one that is in the ledger already, under a clock that was put back since,
  /// does not.
  /// - Parameter considered: how far the ledger goes; `nil` where the job has not been seen.
  package func nextFire(considered: Instant?, after moment: Instant) -> Fire? {
    ledger.intervals.fires.next(after: max(moment, considered ?? moment))
  }

  /// RFC 3339 by the job's clock.
  package func text(of instant: Instant) -> String {
    instant.text(in: zone)
  }

  /// - Parameters:
  ///   - request: of the latest interval, with the matrix row.
  ///   - punctuality: how late a fire may be found and still count as on time.
  /// - Returns: `nil` for a job that neither clock nor trigger makes due.
  /// - Throws: `Faults` of its parameters, zone or schedule.
  package init?(
    _ request: RunRequest, row: String, now: Instant, zones: ZoneFiles,
    punctuality: Duration = CatchUp.standardPunctuality
  ) throws {
    guard let schedule = request.job.schedule, !schedule.specs.isEmpty || schedule.trigger != nil
    else { return nil }
    let context = try RunContext(request, matrixRowName: row, now: now, zones: zones)
    let fires = FireCalendar(try FireRules(schedule, job: request.job.name), zone: context.zone)
    id = ID(job: request.job.name, row: row)
    self.request = request
    self.zones = zones
    clockParameters = context.identity.parameters
    clock = KeptClock(schedule, zone: context.zone).json
    trigger =
      switch schedule.trigger {
      case nil: nil
      case .file(let path): .file(path: path)
      case .listen(let channel, let connection, let missed):
        .channel(
          connection: try ScheduleQueries.connection(connection, of: request.job, context.references),
          name: channel, missed: missed)
      }
    ledger = FireLedger(
      intervals: IntervalCalendar(rule: request.job.interval, fires: fires),
      catchUp: CatchUp(policy: schedule.catchUp, window: schedule.catchUpWindow, punctuality: punctuality),
      ifRunning: schedule.ifRunning,
      jitter: Jitter.delay(of: request.job.name, maximum: schedule.jitter), after: schedule.after,
      finishBy: schedule.finishBy)
  }

  /// The same as the state had it at the last look; `nil` where what made it due then is not understood.
  package func asSeen(_ sighting: Sighting) -> ScheduledJob? {
    guard let seen = sighting.clock, seen != clock else { return self }
    guard let ledger = ledger(by: KeptClock(json: seen)) else { return nil }
    var job = self
    job.ledger = ledger
    return job
  }

  /// What a trigger gives, as the identity of the fire's run will say it, so that fires for the same are told to be. What
  /// the job cannot take stays as it was given: the run is refused for it.
  func parameterTexts(given: [String: String]) -> [String: String] {
    if given.isEmpty { return given }
    var request = request
    request.parameters = given
    do {
      return try request.parameterTexts(zones: zones).filter { given[$0.key] != nil }
    } catch {
      return given
    }
  }

  /// The job's ledger as it would be if that made it due; `nil` where that is not understood.
  func ledger(by clock: KeptClock) -> FireLedger? {
    guard let schedule = job.schedule, let fires = clock.fires(schedule, job: job.name, zones: zones) else {
      return nil
    }
    var ledger = ledger
    ledger.intervals = IntervalCalendar(rule: job.interval, fires: fires)
    return ledger
  }
}

extension Sighting {
  package var id: ScheduledJob.ID { ScheduledJob.ID(job: job, row: matrixRow) }
}

extension CatchUp {
  /// For whoever wakes for each fire.
  package static let standardPunctuality = Duration.seconds(60)
}
