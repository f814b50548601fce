internal import Model
internal import StateStore

/// One line of the audit trail.
struct EventText {
  private let event: EventRecord

  init(_ event: EventRecord) {
    self.event = event
  }

  var line: String {
    let facts = event.body.members.filter { $0.value != .null }.map { member in
      "\(member.name)=\(member.value.stringValue.map(FaultText.oneLine) ?? member.value.text)"
    }
    return ([String(event.at.text().prefix(19)) + "Z", event.name] + facts).joined(separator: "  ")
  }

  var json: JSONValue {
    .object([
      .init("subject", .string(event.subject)), .init("at", .string(event.at.text())),
      .init("name", .string(event.name)), .init("facts", event.body),
    ])
  }
}
