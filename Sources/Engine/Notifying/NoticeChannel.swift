package import Model

/// Where a notice goes, as it lies in the outbox: by a name, never by an address.
package enum NoticeChannel: Hashable, Sendable {
  /// A notifier of the project.
  case named(String)
  case item(Item)

  /// One written into a job's `notify`, which may be edited while the notice waits.
  package struct Item: Hashable, Sendable {
    var job: String
    /// Its place in the list when the notice was decided on.
    var number: Int
    /// Whom it reached then; `nil` for a notice of an older version.
    var mark: String?
  }

  /// - Parameter number: the rule's place in the job's `notify`.
  package init(_ rule: NotifyRule, at number: Int, of job: JobName) {
    switch rule.channel {
    case .named(let name): self = .named(name)
    case .inline(let notifier): self = .item(Item(job: job.text, number: number, mark: notifier.mark))
    }
  }

  package init(text: String) {
    guard let hash = text.lastIndex(of: "#") else {
      self = .named(text)
      return
    }
    let parts = text[text.index(after: hash)...].split(separator: "/", maxSplits: 1)
    guard let number = parts.first.flatMap({ Int($0) }) else {
      self = .named(text)
      return
    }
    self = .item(
      Item(
        job: String(text[..<hash]), number: number, mark: parts.dropFirst().first.map(String.init)))
  }

  var isItem: Bool { if case .item = self { true } else { false } }

  package var text: String {
    switch self {
    case .named(let name): name
    case .item(let item): "\(item.job)#\(item.number)" + (item.mark.map { "/\($0)" } ?? "")
    }
  }
}

extension NoticeChannel.Item {
  /// The item as it is written now, wherever in the list it has gone. Where nobody is written there any more whom it
  /// reached, the one in its place has been corrected, if it takes such notices.
  /// - Parameter events: of the notices that are to go there.
  func notifier(in rules: [NotifyRule], for events: Set<NoticeEvent>) -> Notifier? {
    for case .inline(let notifier) in rules.map(\.channel) where notifier.mark == mark { return notifier }
    guard rules.indices.contains(number), events.isSubset(of: rules[number].events),
      case .inline(let notifier) = rules[number].channel
    else { return nil }
    return notifier
  }
}

extension Notifier {
  /// Tells whom it reaches from others: a short hash of that as it is written, with no secret in it.
  fileprivate var mark: String {
    let written: [String] =
      switch self {
      case .webhook(let url, _, let headers):
        ["webhook", url.source.text]
          + headers.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value.source.text] }
      case .mail(let to, _, _): ["mail"] + to
      case .command(let arguments, _): ["command"] + arguments
      case .postgres(let connection, let channel): ["postgres", connection, channel]
      }
    return String(SHA256.hexadecimal(JSONValue.array(written.map(JSONValue.string)).text).prefix(12))
  }
}
