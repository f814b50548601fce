internal import Model

/// Reads the one of `webhook mail command postgres` that a mapping has, for jobs and projects alike.
///
/// Keeps what it met on the way, which jobs and projects judge differently.
struct NotifierDecoder {
  private(set) var templates: [SourceText] = []
  private(set) var connections: [SourceText] = []

  mutating func notifier(_ fields: Fields) -> Notifier? {
    if let webhook = fields.fields("webhook") { return self.webhook(webhook) }
    if let mail = fields.fields("mail") {
      return .mail(to: mail.strings("to"), from: mail.string("from"), server: template(mail.text("server")))
    }
    if let postgres = fields.fields("postgres") {
      guard let connection = postgres.text("connection"), let channel = postgres.string("channel") else {
        return nil
      }
      connections.append(connection)
      return .postgres(connection: connection.text, channel: channel)
    }
    let command = fields.fields("command")
    let arguments = command?.strings("run") ?? fields.strings("command")
    if arguments.isEmpty { return nil }
    return .command(arguments, timeout: command?.duration("timeout") ?? .seconds(30))
  }

  private mutating func webhook(_ fields: Fields) -> Notifier? {
    var headers: [String: Template] = [:]
    for entry in fields.entries("headers") { headers[entry.key.text] = template(entry.value.text) }
    guard let url = template(fields.text("url")) else { return nil }
    return .webhook(url: url, format: fields.choice("format") ?? .json, headers: headers)
  }

  /// Faults inside are for the caller to tell, from `templates`.
  private mutating func template(_ text: SourceText?) -> Template? {
    guard let text else { return nil }
    templates.append(text)
    return Template.read(text).template
  }
}
