package import Model

/// One message that is ready to go.
package struct Notice: Sendable {
  /// The same for every attempt, so that a receiver can drop what it has seen.
  package var idempotencyKey: String
  package var facts: NoticeFacts
  package var text: NoticeText
  /// When it was decided.
  package var at: Instant
  /// Those of a digest; empty for one that stands alone.
  package var gathered: [Notice] = []

  /// - Parameter idempotencyKey: a longer one, or one of other characters than headers take, has its hash in its place.
  package init(idempotencyKey: String, facts: NoticeFacts, at: Instant) {
    let isPlain =
      idempotencyKey.utf8.count <= 200 && idempotencyKey.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    self.idempotencyKey = isPlain ? idempotencyKey : "notice-" + SHA256.hexadecimal(idempotencyKey)
    self.facts = facts
    self.text = NoticeText(facts)
    self.at = at
  }

  /// Several as one, named by all of them; `facts` are those of the last.
  /// - Returns: `nil` for none; the one itself where there is no other.
  package init?(digest notices: [Notice]) {
    guard let last = notices.last else { return nil }
    self = last
    if notices.count == 1 { return }
    idempotencyKey = "digest-" + SHA256.hexadecimal(notices.map(\.idempotencyKey).joined(separator: "\n"))
    text = NoticeText(digest: notices.map(\.text), project: last.facts.project)
    gathered = notices
  }

  /// What webhooks, commands and Postgres get: the facts and the words.
  package var json: JSONValue {
    if !gathered.isEmpty {
      return .object([
        .init("project", .string(facts.project)), .init("id", .string(idempotencyKey)),
        .init("at", .string(at.text())), .init("subject", .string(text.subject)),
        .init("text", .string(text.body)), .init("notices", .array(gathered.map(\.json))),
      ])
    }
    return .object(
      facts.json.members + [
        .init("id", .string(idempotencyKey)), .init("at", .string(at.text())),
        .init("subject", .string(text.subject)), .init("text", .string(text.body)),
      ])
  }
}

/// Where a notice goes, with every secret filled in. Never logged, never in a fault.
package enum Destination: Sendable {
  case webhook(url: String, format: Notifier.WebhookFormat, headers: [String: String])
  /// - server: `smtp://user:password@host:587` or `smtps://host`; `nil` is this machine's.
  case mail(to: [String], from: String?, server: String?)
  case command([String], timeout: Duration)
  case postgres(connection: String, channel: String)
}

/// What became of an attempt.
package enum Delivery: Hashable, Sendable {
  case delivered
  /// Some of those it was for have it; the fault names the rest. Where one of these may get it by trying again, `again`
  /// are all of them: the last try tells who does not.
  case partly(Fault, again: [String])
  /// To be executed by whoever has database connections: `NOTIFY channel, payload` for each, in one transaction.
  case notify(connection: String, channel: String, payloads: [String])
  /// May work later; `retryAfter` where the receiver said when.
  case transient(Fault, retryAfter: Duration?)
  /// Will not work by trying again.
  case permanent(Fault)
  /// The task was cancelled before anybody could say what became of it.
  case stopped
}
