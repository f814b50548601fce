/// One item of `notify:`.
package struct NotifyRule: Hashable, Sendable {
  package var events: Set<NoticeEvent>
  package var channel: Channel
  package var digest: Duration?
  package var place: Place

  /// A notifier by its name in the project file, or one written out here.
  package enum Channel: Hashable, Sendable {
    case named(String)
    case inline(Notifier)
  }

  package init(events: Set<NoticeEvent>, channel: Channel, digest: Duration?, place: Place) {
    self.events = events
    self.channel = channel
    self.digest = digest
    self.place = place
  }
}

package enum NoticeEvent: String, Hashable, Sendable, CaseIterable {
  case success, failure, recovery, missed, late
  case checkFailed = "check_failed"
}

/// Where a notice goes.
package enum Notifier: Hashable, Sendable {
  case webhook(url: Template, format: WebhookFormat, headers: [String: Template])
  case mail(to: [String], from: String?, server: Template?)
  /// An argument vector, never a shell line; values reach it by environment and stdin.
  case command([String], timeout: Duration)
  case postgres(connection: String, channel: String)

  package enum WebhookFormat: String, Hashable, Sendable, CaseIterable { case json, slack }
}
