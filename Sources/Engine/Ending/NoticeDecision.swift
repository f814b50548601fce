internal import Model
internal import StateStore

/// Which notices an event calls for, by the job's `notify` rules.
struct NoticeDecision {
  var request: RunRequest
  var context: RunContext

  /// One draft a rule that names one of `events`. Deciding again gives the same ids, so a notice is
  /// put into the outbox once.
  func drafts(
    _ events: Set<NoticeEvent>, run: RunRecord, facts: [JSONValue.Member]
  ) -> [NoticeDraft] {
    let row = run.identity.matrixRow
    let known: [JSONValue.Member] = [
      .init("job", .string(request.job.name.text)), .init("matrix_row", .optional(row.isEmpty ? nil : row)),
    ]
    let facts = known + facts.filter { fact in !known.contains { $0.name == fact.name } }
    var drafts: [NoticeDraft] = []
    for (number, rule) in request.job.notify.enumerated() {
      for event in NoticeEvent.allCases where events.contains(event) && rule.events.contains(event) {
        drafts.append(
          NoticeDraft(
            id: "\(run.id)/\(run.failures)/\(event.rawValue)/\(number)", run: run.id,
            project: request.project.name, job: request.job.name, event: event,
            channel: NoticeChannel(rule, at: number, of: request.job.name).text,
            facts: .object([.init("event", .string(event.rawValue))] + facts),
            digest: rule.digest.map { _ in "\(request.job.name)/\(number)" }, delay: rule.digest ?? .zero))
      }
    }
    return drafts
  }
}
