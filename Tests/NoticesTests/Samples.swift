import Model
import Notices
import Runtime

extension NoticeFacts {
  static func sample(_ event: NoticeEvent = .failure) -> NoticeFacts {
    var facts = NoticeFacts(event: event, project: "shop", job: "daily")
    facts.run = "r0123"
    facts.interval = "2026-03-01"
    facts.code = "undefined_column"
    facts.fault = "The column `l_net` does not exist"
    return facts
  }
}

extension Notice {
  static func sample(_ key: String = "r0123:failure:0", facts: NoticeFacts = .sample()) -> Notice {
    Notice(idempotencyKey: key, facts: facts, at: Instant(microseconds: 1_790_000_000_000_000))
  }
}

extension Courier {
  /// Patient enough for a busy machine, unless a test waits for the timeout itself.
  static func sample(allowsPrivate: Bool = true, total: Duration = .seconds(20)) throws -> Courier {
    try Courier(
      environment: .process, hostName: "host.example", rule: AddressRule(allowsPrivate: allowsPrivate),
      connectTimeout: .seconds(10), totalTimeout: total)
  }
}

extension Delivery {
  var fault: Fault? {
    switch self {
    case .delivered, .notify, .stopped: nil
    case .partly(let fault, _), .transient(let fault, _), .permanent(let fault): fault
    }
  }

  var isTransient: Bool { if case .transient = self { true } else { false } }
  var isPermanent: Bool { if case .permanent = self { true } else { false } }
}
