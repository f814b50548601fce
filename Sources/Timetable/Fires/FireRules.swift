package import Model

/// A job's schedule, read and understood, still without a time zone.
///
/// Made once per job; each zone that the job runs in (a matrix may have several) gets a
/// `FireCalendar` from it.
package struct FireRules: Hashable, Sendable {
  /// Due whenever one of them is.
  package let rules: [FireRule]
  package let except: ExceptionDates
  package let daylight: DaylightPolicy
  package let warnings: [ScheduleWarning]

  package init(
    _ rules: [FireRule], except: ExceptionDates = .none, daylight: DaylightPolicy = .standard,
    warnings: [ScheduleWarning] = []
  ) {
    self.rules = rules
    self.except = except
    self.daylight = daylight
    self.warnings = warnings
  }

  /// - Throws: the faults of every part of `schedule` at once; the codes are those of
  ///   `CronExpression` and `EveryPeriod`.
  package init(_ schedule: Schedule, job: JobName) throws(Faults) {
    var rules: [FireRule] = []
    var warnings: [ScheduleWarning] = []
    var faults: [Fault] = []
    for spec in schedule.specs {
      switch spec {
      case .cron(let source):
        do throws(Faults) {
          let expression = try CronExpression(source, jobName: job.text)
          rules.append(.cron(expression))
          warnings += expression.warnings
        } catch {
          faults += error.all
        }
      case .every(let duration, let place):
        do throws(Fault) {
          let period = try EveryPeriod(duration, place: place)
          rules.append(.every(period))
          warnings += period.warnings
        } catch {
          faults.append(error)
        }
      case .at(let instant, _):
        rules.append(.at(instant))
      }
    }
    guard faults.isEmpty else { throw Faults(faults) }
    if schedule.isDaylightSavingDeclared, !rules.isEmpty, rules.allSatisfy(\.followsElapsedTime) {
      warnings.append(
        ScheduleWarning(
          "dst_no_effect", "Dst has no effect here: the schedule goes on with elapsed time",
          hint: "It decides only where both the minute and the hour are fixed", place: schedule.place))
    }
    let days = schedule.except.map { CivilDay(CivilDate(daysSince2000: Int($0))) }
    self.init(
      rules, except: ExceptionDates(Set(days)),
      daylight: DaylightPolicy(gap: schedule.gap, overlap: schedule.overlap), warnings: warnings)
  }

  /// In words, one line a rule; see `CronExplanation`.
  package var explanation: [String] { rules.map(\.explanation) }
}
