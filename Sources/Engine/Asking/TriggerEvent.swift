package import Model

/// One thing that a trigger has seen: a notification, or a file.
package struct TriggerEvent: Hashable, Sendable {
  /// Stands for the event in the ledger: seen twice, it fires once.
  package var at: Instant
  package var parameters: [String: String]

  package init(at: Instant, parameters: [String: String]) {
    self.at = at
    self.parameters = parameters
  }

  /// A payload as parameters: the members of a JSON object each by its name, any other text as the
  /// parameter `payload`, where the job declares that.
  package static func parameters(_ payload: String, of job: Job) -> [String: String] {
    do throws(Fault) {
      if case .object(let members) = try JSONValue(parsing: payload) {
        var parameters: [String: String] = [:]
        for member in members where member.value != .null {
          parameters[member.name] = member.value.stringValue ?? member.value.text
        }
        return parameters
      }
    } catch {
      // No JSON, and so a text of its own kind.
    }
    return job.parameters.contains { $0.name == "payload" } ? ["payload": payload] : [:]
  }
}
