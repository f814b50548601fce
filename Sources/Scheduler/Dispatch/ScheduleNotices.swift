internal import Engine
internal import Model
internal import StateStore

/// What a schedule has to tell: fires that were missed, runs that are late.
///
/// Told again of one fire it has the same names, so that the outbox takes it once.
struct ScheduleNotices: Sendable {
  let job: ScheduledJob

  /// Fires that will not run, though nobody asked for that.
  /// - Parameter fires: one or more; one notice tells of all of them.
  func missed(_ fires: [Instant], reason: String) -> [NoticeDraft] {
    guard let last = fires.max(), let first = fires.min() else { return [] }
    let count =
      fires.count == 1 ? "" : "\(fires.count) fires from \(job.text(of: first)) on were missed: "
    return drafts(.missed, fire: last) { facts in
      facts.fault = count + reason
      facts.next = "tidemark backfill '\(job.id)' --only missing"
    }
  }

  /// A run that had not succeeded when it was to be finished.
  func late(_ fire: Instant, deadline: Instant) -> [NoticeDraft] {
    drafts(.late, fire: fire) { facts in
      facts.finishBy = job.text(of: deadline)
      facts.next = "tidemark show '\(job.id.job)'"
    }
  }

  /// The job may be paused for its failures, the last of which is by this fault, and then needs somebody.
  /// - Returns: `nil` where it never is.
  func pause(_ fire: Instant, _ fault: Fault?) -> FailurePause? {
    guard let limit = job.job.errors.pauseAfter else { return nil }
    var pause = FailurePause(limit: limit)
    pause.notices = drafts(.failure, fire: fire, about: "paused") { facts in
      facts.code = "paused"
      facts.fault = "\(job.id.job) is paused: \(pause.reason)"
      facts.cause = fault?.sentence
      facts.next = "tidemark unpause \(job.id.job)"
    }
    return pause
  }

  /// - Parameter about: tells two notices of one event and fire apart; the event where left out.
  private func drafts(
    _ event: NoticeEvent, fire: Instant, about: String? = nil, _ complete: (inout NoticeFacts) -> Void
  ) -> [NoticeDraft] {
    let project = job.request.project.name
    var facts = NoticeFacts(
      event: event, project: project, job: job.id.job.text, matrixRow: job.id.row.isEmpty ? nil : job.id.row)
    facts.fire = job.text(of: fire)
    complete(&facts)
    var drafts: [NoticeDraft] = []
    for (number, rule) in job.job.notify.enumerated() where rule.events.contains(event) {
      drafts.append(
        NoticeDraft(
          id: "\(project)/\(job.id)/\(fire.microseconds)/\(about ?? event.rawValue)/\(number)", run: nil,
          project: project, job: job.id.job, event: event,
          channel: NoticeChannel(rule, at: number, of: job.id.job).text, facts: facts.json,
          digest: rule.digest.map { _ in "\(job.id.job)/\(number)" }, delay: rule.digest ?? .zero))
    }
    return drafts
  }
}
