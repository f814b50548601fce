/// `schedule:`, when a job is due and what happens when it could not run.
package struct Schedule: Hashable, Sendable {
  package var specs: [Spec]
  package var gap: GapPolicy
  package var overlap: OverlapPolicy
  /// False where the file left `dst` out: Debian cron's rule then holds.
  package var isDaylightSavingDeclared: Bool
  package var catchUp: CatchUpPolicy
  package var catchUpWindow: Duration?
  package var ifRunning: IfRunningPolicy
  package var jitter: Duration
  /// Local time of day, as hours and minutes after the fire's midnight.
  package var finishBy: TimeOfDay?
  package var after: After?
  /// Local dates, days since 2000-01-01.
  package var except: Set<Int32>
  package var trigger: Trigger?
  package var place: Place

  /// One line that says when a job is due.
  package enum Spec: Hashable, Sendable {
    case cron(SourceText)
    case every(Duration, Place)
    case at(Instant, Place)
  }

  /// What becomes of a time of day that the clocks skip: it runs at the moment behind the gap, or not that day.
  package enum GapPolicy: String, Hashable, Sendable, CaseIterable {
    case runAfter = "run_after"
    case skip
  }

  /// Which of its two moments a time of day means that the clocks show twice.
  package enum OverlapPolicy: String, Hashable, Sendable, CaseIterable { case first, second, both }

  /// Which of the fires run late that came while nobody looked.
  package enum CatchUpPolicy: String, Hashable, Sendable, CaseIterable { case none, latest, all }

  /// What becomes of a fire that comes while an earlier one of the job still runs.
  package enum IfRunningPolicy: String, Hashable, Sendable, CaseIterable {
    case skip
    case queueOne = "queue_one"
    case queueAll = "queue_all"
    case cancelOther = "cancel_other"
  }

  /// By the job's clock; `hour` and `minute` are in their ranges.
  package struct TimeOfDay: Hashable, Sendable {
    package var hour: Int
    package var minute: Int

    package init(hour: Int, minute: Int) {
      self.hour = hour
      self.minute = minute
    }
  }

  /// The jobs that must have succeeded first, and how long a fire waits for them; `nil` for as long as it takes.
  package struct After: Hashable, Sendable {
    package var jobs: [JobName]
    package var within: Duration?
    package var place: Place

    package init(jobs: [JobName], within: Duration?, place: Place) {
      self.jobs = jobs
      self.within = within
      self.place = place
    }
  }

  /// What fires a job besides the clock.
  package enum Trigger: Hashable, Sendable {
    /// - Parameters:
    ///   - connection: `nil` for that of the first source.
    ///   - missed: a query for what has been sent, also while nobody listened; without it what was
    ///     sent then is lost.
    case listen(channel: String, connection: String?, missed: SourceText?)
    case file(path: String)
  }

  package init(
    specs: [Spec], gap: GapPolicy, overlap: OverlapPolicy, isDaylightSavingDeclared: Bool,
    catchUp: CatchUpPolicy, catchUpWindow: Duration?, ifRunning: IfRunningPolicy,
    jitter: Duration, finishBy: TimeOfDay?, after: After?, except: Set<Int32>, trigger: Trigger?,
    place: Place
  ) {
    self.specs = specs
    self.gap = gap
    self.overlap = overlap
    self.isDaylightSavingDeclared = isDaylightSavingDeclared
    self.catchUp = catchUp
    self.catchUpWindow = catchUpWindow
    self.ifRunning = ifRunning
    self.jitter = jitter
    self.finishBy = finishBy
    self.after = after
    self.except = except
    self.trigger = trigger
    self.place = place
  }
}
