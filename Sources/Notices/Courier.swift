package import Model
package import Runtime

/// Delivers notices, one attempt each. Whether and when to try again, the outbox decides.
///
/// Attempts run on threads of their own and end by their timeouts, whatever the other side does, or within some seconds
/// where the task is cancelled.
/// No secret of a destination is in any result.
package struct Courier: Sendable {
  private let threads: ThreadPool
  private let environment: Environment
  private let hostName: String
  /// For loopback and private networks, where webhooks of a company's own usually are.
  package var rule: AddressRule
  package var connectTimeout: Duration
  package var totalTimeout: Duration

  /// - Parameter hostName: of this machine, for the sender of mails that name none.
  /// - Throws: `Fault` `no_thread`.
  package init(
    environment: Environment, hostName: String, rule: AddressRule = AddressRule(allowsPrivate: true),
    connectTimeout: Duration = .seconds(10), totalTimeout: Duration = .seconds(30), threads: Int = 2
  ) throws(Fault) {
    self.threads = try ThreadPool(name: "notices", threads: threads)
    self.environment = environment
    self.hostName = hostName
    self.rule = rule
    self.connectTimeout = connectTimeout
    self.totalTimeout = totalTimeout
  }

  package func deliver(_ notice: Notice, to destination: Destination) async -> Delivery {
    let attempt = Task(executorPreference: threads) { () -> Delivery in
      do throws(Fault) {
        return try send(notice, to: destination)
      } catch {
        // What this machine has too little of now says nothing of the notice.
        return .transient(error, retryAfter: nil)
      }
    }
    return await withTaskCancellationHandler {
      await attempt.value
    } onCancel: {
      attempt.cancel()
    }
  }

  private func send(_ notice: Notice, to destination: Destination) throws(Fault) -> Delivery {
    switch destination {
    case .webhook(let url, let format, let headers):
      return try Webhook(
        url: url, format: format, headers: headers, rule: rule, connectTimeout: connectTimeout,
        totalTimeout: totalTimeout
      ).send(notice)
    case .mail(let to, let from, let server):
      return try Mail(
        to: to, from: from ?? "tidemark@\(hostName)", server: server ?? "smtp://localhost", rule: rule,
        connectTimeout: connectTimeout, totalTimeout: totalTimeout
      ).send(notice)
    case .command(let arguments, let timeout):
      return try Command(arguments: arguments, timeout: timeout, environment: environment).send(notice)
    case .postgres(let connection, let channel):
      return .notify(connection: connection, channel: channel, payloads: notifyPayloads(notice))
    }
  }

  /// Postgres takes less than 8000 bytes: a longer digest goes notice by notice, and a longer notice without its body.
  private func notifyPayloads(_ notice: Notice) -> [String] {
    let whole = notice.json.text
    if whole.utf8.count < 8000 { return [whole] }
    if !notice.gathered.isEmpty { return notice.gathered.flatMap(notifyPayloads) }
    let facts = JSONValue.object([
      .init("id", .string(notice.idempotencyKey)), .init("event", .string(notice.facts.event.rawValue)),
      .init("job", .string(notice.facts.job)), .init("matrix_row", .optional(notice.facts.matrixRow)),
      .init("run", .optional(notice.facts.run)),
    ])
    return [facts.text]
  }
}
