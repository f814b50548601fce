package import Model
internal import Notices
internal import Postgres
internal import Runtime
internal import StateStore

/// Delivers what lies in the outbox of its project and is due, one attempt each. A failing notifier never fails a run.
package struct NoticeDelivery: Sendable {
  private let environment: EngineEnvironment
  private let jobs: [Job]
  private let otherJobs: @Sendable () -> [Job]
  private let tell: @Sendable (UndeliveredNotices) -> Void

  /// How long an attempt may take before another process may try.
  private static let patience = Duration.seconds(120)
  /// How long attempts are begun.
  private static let time = Duration.seconds(60)

  /// - Parameters:
  ///   - jobs: those whose `notify` items may be written out in the job file.
  ///   - otherJobs: all others of the project, asked for where a notice is of one of them.
  ///   - tell: told of each attempt that did not reach everybody, once that is written.
  package init(
    environment: EngineEnvironment, jobs: [Job], otherJobs: @escaping @Sendable () -> [Job],
    tell: @escaping @Sendable (UndeliveredNotices) -> Void
  ) {
    self.environment = environment
    self.jobs = jobs
    self.otherJobs = otherJobs
    self.tell = tell
  }

  /// Takes one after the other: what waits behind a slow receiver stays free for other processes. What is not begun
  /// within a minute is left to the next command, so that nobody's exit waits for many receivers that hang.
  /// - Throws: `Fault` of the state store alone.
  package func deliverDue() async throws {
    var courier: Courier?
    let start = ContinuousClock.now
    while ContinuousClock.now - start < NoticeDelivery.time {
      let due = try await environment.store.takeDueNotices(
        project: environment.project.name, limit: 1, patience: NoticeDelivery.patience)
      if due.isEmpty { return }
      let made =
        try courier
        ?? Courier(environment: .process, hostName: Environment.process["HOSTNAME"] ?? "localhost")
      courier = made
      try await deliver(due, made)
    }
  }

  /// - Parameter records: one, or all of a digest.
  private func deliver(_ records: [NoticeRecord], _ courier: Courier) async throws {
    let store = environment.store
    let notices = records.map { record in
      Notice(
        idempotencyKey: record.id,
        facts: NoticeFacts(
          record.facts, event: record.event, project: record.project, job: record.job.text),
        at: record.createdAt)
    }
    guard let notice = Notice(digest: notices), let first = records.first else { return }
    do {
      let destination = try destination(first)
      try Failpoint.hit(.noticeBeforeSend)
      var delivery = await courier.deliver(notice, to: destination)
      if case .notify(let connection, let channel, let payload) = delivery {
        delivery = await notify(connection, channel, payload)
      }
      try Failpoint.hit(.noticeAfterSend)
      switch delivery {
      case .delivered: for record in records { try await store.markDelivered(record.id) }
      case .partly(let fault):
        for record in records { try await store.markDelivered(record.id, fault) }
        tell(UndeliveredNotices(notices: records, fault: fault, outcome: .partly))
      case .permanent(let fault): try await giveUp(records, fault)
      case .transient(let fault, let asked): try await retry(records, fault, asked)
      case .notify: break
      }
    } catch let fault as Fault where fault.code == "unknown_notifier" && first.channel.contains("#") {
      // Written into a job whose file is gone or cannot be read: it may be back.
      try await retry(records, fault, nil)
    } catch let fault as Fault where fault.kind == .config || fault.kind == .validation {
      try await giveUp(records, fault)
    }
  }

  private func giveUp(_ records: [NoticeRecord], _ fault: Fault) async throws {
    for record in records { try await environment.store.markGaveUp(record.id, fault) }
    tell(UndeliveredNotices(notices: records, fault: fault, outcome: .gaveUp))
  }

  /// Those of a digest go on together, by the oldest of them.
  private func retry(_ records: [NoticeRecord], _ fault: Fault, _ asked: Duration?) async throws {
    guard let oldest = records.min(by: { $0.createdAt < $1.createdAt }) else { return }
    let step = RetryPlan.standard.step(
      attempts: oldest.attempts, age: oldest.createdAt.duration(to: environment.now()), asked: asked,
      chance: .random(in: 0..<1))
    guard case .retry(let wait) = step else { return try await giveUp(records, fault) }
    for record in records { try await environment.store.markFailed(record.id, fault, retryAfter: wait) }
    tell(UndeliveredNotices(notices: records, fault: fault, outcome: .failed(retryAfter: wait)))
  }

  // MARK: Where to

  private func destination(_ record: NoticeRecord) throws(Fault) -> Destination {
    switch try notifier(record.channel) {
    case .webhook(let url, let format, let headers):
      var filled: [String: String] = [:]
      for (name, value) in headers { filled[name] = try environment.values.text(of: value) }
      return .webhook(url: try environment.values.text(of: url), format: format, headers: filled)
    case .mail(let to, let from, let server):
      var address: String?
      if let server { address = try environment.values.text(of: server) }
      return .mail(to: to, from: from, server: address)
    case .command(let arguments, let timeout): return .command(arguments, timeout: timeout)
    case .postgres(let connection, let channel):
      return .postgres(connection: connection, channel: channel)
    }
  }

  /// A notifier of the project, or one written into a job's `notify`.
  private func notifier(_ channel: String) throws(Fault) -> Notifier {
    if let named = environment.project.notifiers[channel] { return named }
    if let mark = channel.lastIndex(of: "#"), let number = Int(channel[channel.index(after: mark)...]),
      let job = job(named: channel[..<mark]), job.notify.indices.contains(number),
      case .inline(let notifier) = job.notify[number].channel
    {
      return notifier
    }
    throw Fault(
      "unknown_notifier", .config, "There is no notifier `\(channel)` any more",
      hint: "Name it under `notifiers:` in tidemark.yaml")
  }

  private func job(named name: Substring) -> Job? {
    jobs.first { $0.name.text == name } ?? otherJobs().first { $0.name.text == name }
  }

  private func notify(_ connection: String, _ channel: String, _ payload: String) async -> Delivery {
    do {
      let opened = try await Connection.open(
        environment.settings(connection, run: nil, job: JobName("notices")))
      try await opened.query("SELECT pg_notify($1, $2)", [.text(channel), .text(payload)])
      await opened.close()
      return .delivered
    } catch {
      let fault = Fault(describing: error)
      return fault.isTransient ? .transient(fault, retryAfter: nil) : .permanent(fault)
    }
  }
}
