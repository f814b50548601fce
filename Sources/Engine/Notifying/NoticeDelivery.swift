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
  /// How many receivers are spoken to at once.
  private static let width = 8
  /// How long at most what is due for a channel waits for the next try of what found nobody there.
  private static let rest = Duration.seconds(60)

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

  /// Each channel by itself, so that nobody waits for somebody else's receiver; of one channel one after the other: what
  /// waits behind a slow receiver stays free for other processes. What is not begun within a minute is left to the next
  /// command, so that nobody's exit waits for many receivers that hang; so is all that is left where the task is
  /// cancelled, and what was being sent is due again when another process may try.
  /// - Throws: `Fault` of the state store alone, once no attempt is going on any more.
  package func deliverDue() async throws {
    let end = ContinuousClock.now + NoticeDelivery.time
    if Task.isCancelled { return }
    var channels = try await environment.store.dueChannels(project: environment.project.name)
    if channels.isEmpty { return }
    let courier = try Courier(
      environment: .process, hostName: Environment.process["HOSTNAME"] ?? "localhost",
      threads: NoticeDelivery.width)
    let trouble: (any Error)? = await withTaskGroup(of: Step.self) { group in
      var busy: Set<String> = []
      // Nobody answers there: no more is tried this time.
      var mute: Set<String> = []
      var trouble: (any Error)?
      var isLooking = false
      while true {
        if trouble == nil, !Task.isCancelled, ContinuousClock.now < end {
          while busy.count < NoticeDelivery.width, let channel = channels.first {
            channels.removeFirst()
            busy.insert(channel)
            group.addTask { await take(channel, courier, until: end) }
          }
        }
        if busy.isEmpty { break }
        if !isLooking, !Task.isCancelled {
          group.addTask { await look() }
          isLooking = true
        }
        switch await group.next() {
        case .ended(let channel, let isMute, let fault)?:
          busy.remove(channel)
          if isMute { mute.insert(channel) }
          trouble = trouble ?? fault
        case .due(let found, let fault)?:
          isLooking = false
          channels = found.filter { !busy.contains($0) && !mute.contains($0) }
          trouble = trouble ?? fault
        case nil: break
        }
      }
      group.cancelAll()
      return trouble
    }
    if let trouble { throw trouble }
  }

  private enum Step: Sendable {
    case ended(channel: String, isMute: Bool, (any Error)?)
    case due([String], (any Error)?)
  }

  /// What has come for others while some receivers are slow.
  private func look() async -> Step {
    do {
      try await Task.sleep(for: .seconds(1))
      return .due(try await environment.store.dueChannels(project: environment.project.name), nil)
    } catch {
      return .due([], Task.isCancelled ? nil : error)
    }
  }

  /// Delivers what is due for one channel, until nobody answers there.
  private func take(_ channel: String, _ courier: Courier, until end: ContinuousClock.Instant) async -> Step {
    var isMute = false
    do {
      while !isMute, !Task.isCancelled, ContinuousClock.now < end {
        let due = try await environment.store.takeDueNotices(
          project: environment.project.name, channel: channel, limit: 1, patience: NoticeDelivery.patience)
        if due.isEmpty { break }
        // What some recipients of a mail have already goes to the others alone, also out of a digest.
        for records in Dictionary(grouping: due, by: \.recipients).values {
          if try await !deliver(records, courier) { isMute = true }
        }
      }
      return .ended(channel: channel, isMute: isMute, nil)
    } catch {
      return .ended(channel: channel, isMute: isMute, error)
    }
  }

  /// - Parameter records: one, or several of a digest, for the same recipients.
  /// - Returns: false where nobody has answered.
  private func deliver(_ records: [NoticeRecord], _ courier: Courier) async throws -> Bool {
    let store = environment.store
    let notices = records.map { record in
      Notice(
        idempotencyKey: record.id,
        facts: NoticeFacts(
          record.facts, event: record.event, project: record.project, job: record.job.text),
        at: record.createdAt)
    }
    guard let notice = Notice(digest: notices), let first = records.first else { return true }
    let channel = NoticeChannel(text: first.channel)
    let destination: Destination
    do {
      destination = try self.destination(
        notifier(channel, for: Set(records.map(\.event))), first.recipients)
    } catch {
      if error.code == "unknown_notifier", !channel.isItem {
        try await giveUp(records, error)
      } else {
        // The job's file may be back, and another process may have the variable, the credential or the file.
        try await retry(records, error, nil)
      }
      return true
    }
    try Failpoint.hit(.noticeBeforeSend)
    var delivery = await courier.deliver(notice, to: destination)
    if case .notify(let connection, let channel, let payloads) = delivery {
      delivery = await notify(connection, channel, payloads)
    }
    try Failpoint.hit(.noticeAfterSend)
    switch delivery {
    case .delivered: for record in records { try await store.markDelivered(record.id) }
    case .partly(let fault, let recipients):
      let retry = retry(recipients.isEmpty ? [] : records, nil)
      try await settle(recipients.isEmpty ? records : retry.over, fault)
      try await goOn(with: retry, fault, for: recipients)
    case .permanent(let fault): try await giveUp(records, fault)
    case .transient(let fault, let asked):
      let isMute = fault.kind == .connection
      try await self.retry(records, fault, asked, isMute: isMute)
      return !isMute
    case .notify, .stopped: break
    }
    return true
  }

  /// Those that are left have no more tries.
  private func settle(_ records: [NoticeRecord], _ fault: Fault) async throws {
    if records.isEmpty { return }
    for record in records { try await environment.store.markDelivered(record.id, fault) }
    tell(UndeliveredNotices(notices: records, fault: fault, outcome: .partly))
  }

  private func giveUp(_ records: [NoticeRecord], _ fault: Fault) async throws {
    if records.isEmpty { return }
    for record in records { try await environment.store.markGaveUp(record.id, fault) }
    tell(UndeliveredNotices(notices: records, fault: fault, outcome: .gaveUp))
  }

  /// - Parameter isMute: nobody has answered.
  private func retry(
    _ records: [NoticeRecord], _ fault: Fault, _ asked: Duration?, isMute: Bool = false
  ) async throws {
    let retry = retry(records, asked)
    try await giveUp(retry.over, fault)
    try await goOn(with: retry, fault, for: nil, isMute: isMute)
  }

  private func retry(_ records: [NoticeRecord], _ asked: Duration?) -> NoticeRetry {
    NoticeRetry(records, asked: asked, now: environment.now(), chance: .random(in: 0..<1))
  }

  /// - Parameter recipients: whom it is for from now on; `nil` where that does not change.
  private func goOn(
    with retry: NoticeRetry, _ fault: Fault, for recipients: [String]?, isMute: Bool = false
  ) async throws {
    if retry.again.isEmpty { return }
    try await environment.store.markFailed(
      retry.again, fault, retryAfter: retry.wait, for: recipients,
      holdingBack: isMute ? min(retry.wait, NoticeDelivery.rest) : nil)
    tell(UndeliveredNotices(notices: retry.again, fault: fault, outcome: .failed(retryAfter: retry.wait)))
  }

  // MARK: Where to

  /// - Parameter recipients: those of a mail's who do not have it; `nil` before any has.
  private func destination(_ notifier: Notifier, _ recipients: [String]?) throws(Fault) -> Destination {
    switch notifier {
    case .webhook(let url, let format, let headers):
      var filled: [String: String] = [:]
      for (name, value) in headers { filled[name] = try environment.values.text(of: value) }
      return .webhook(url: try environment.values.text(of: url), format: format, headers: filled)
    case .mail(let to, let from, let server):
      var address: String?
      if let server { address = try environment.values.text(of: server) }
      let left = to.filter { recipients?.contains($0) ?? true }
      // Where an address was corrected nobody knows who is meant now: rather twice than never.
      return .mail(to: left.isEmpty ? to : left, from: from, server: address)
    case .command(let arguments, let timeout): return .command(arguments, timeout: timeout)
    case .postgres(let connection, let channel):
      return .postgres(connection: connection, channel: channel)
    }
  }

  /// - Parameter events: of the notices that are to go there.
  private func notifier(_ channel: NoticeChannel, for events: Set<NoticeEvent>) throws(Fault) -> Notifier {
    switch channel {
    case .named(let name):
      if let notifier = environment.project.notifiers[name] { return notifier }
      throw Fault(
        "unknown_notifier", .config, "There is no notifier `\(name)` any more",
        hint: "Name it under `notifiers:` in tidemark.yaml")
    case .item(let item):
      if let rules = job(named: item.job)?.notify, let notifier = item.notifier(in: rules, for: events) {
        return notifier
      }
      throw Fault(
        "unknown_notifier", .config,
        "Job `\(item.job)` has no item under `notify` any more that takes this notice",
        hint: "Put the item back where it was in the job file, or write there who is to have it")
    }
  }

  private func job(named name: String) -> Job? {
    jobs.first { $0.name.text == name } ?? otherJobs().first { $0.name.text == name }
  }

  private func notify(_ connection: String, _ channel: String, _ payloads: [String]) async -> Delivery {
    let settings: ConnectionSettings
    do {
      settings = try environment.settings(connection, run: nil, job: JobName("notices"))
    } catch {
      return .transient(error, retryAfter: nil)
    }
    do {
      let opened = try await Connection.open(settings)
      // All of a digest or none.
      try await opened.query(
        "SELECT pg_notify($1, payload) FROM json_array_elements_text($2::json) AS payload",
        [.text(channel), .text(JSONValue.array(payloads.map(JSONValue.string)).text)])
      await opened.close()
      return .delivered
    } catch {
      if Task.isCancelled { return .stopped }
      let fault = Fault(describing: error)
      return fault.isTransient ? .transient(fault, retryAfter: nil) : .permanent(fault)
    }
  }
}
