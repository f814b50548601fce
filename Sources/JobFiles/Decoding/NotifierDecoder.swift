internal import Model

/// Reads the one of `webhook mail command postgres` that a mapping has, for jobs and projects alike.
///
/// Keeps what it met on the way, which jobs and projects judge differently.
struct NotifierDecoder {
  private(set) var templates: [SourceText] = []
  private(set) var connections: [SourceText] = []
  /// Of what is written out and can never be sent to.
  private(set) var faults: [Fault] = []
  private(set) var warnings: [Fault] = []

  mutating func notifier(_ fields: Fields) -> Notifier? {
    if let webhook = fields.fields("webhook") { return self.webhook(webhook) }
    if let mail = fields.fields("mail") {
      for address in mail.texts("to") + mail.texts("from") where !Notifier.isMailAddress(address.text) {
        refuse(
          "bad_mail_address", "`\(address.text.shortened)` is no mail address", address,
          hint: "Write the plain address, as in `ops@example.org`")
      }
      require("bad_mail_server", mail.text("server"), "mail server", "smtp", Notifier.isMailServer)
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
    let timeout = command?.duration("timeout") ?? .seconds(30)
    func outOfRange(_ sentence: String, hint: String) -> Fault {
      Fault(
        "out_of_range", .validation, "A notifier's `timeout` is \(sentence)",
        place: command?["timeout"]?.place, hint: hint)
    }
    if timeout == .zero {
      faults.append(outOfRange("longer than nothing", hint: "Write one like 30s; 1m30s is the most"))
    } else if timeout > Notifier.longestCommand {
      // What runs is not to stop for its notices.
      warnings.append(
        outOfRange(
          "1m30s at most, and is taken for that",
          hint: "Others wait behind it: have the command hand what takes longer to another program"))
    }
    return .command(arguments, timeout: min(timeout, Notifier.longestCommand))
  }

  private mutating func webhook(_ fields: Fields) -> Notifier? {
    var headers: [String: Template] = [:]
    for entry in fields.entries("headers") {
      let value = template(entry.value.text)
      headers[entry.key.text] = value
      if let value, !Notifier.isHeader(entry.key.text, value.literal ?? "") {
        refuse(
          "bad_header", "This header has a character that no header may have", entry.key,
          hint: "A name has letters, digits and `-`, a value is one line")
      }
    }
    require("bad_webhook_url", fields.text("url"), "webhook", "http", Notifier.isWebhookURL)
    guard let url = template(fields.text("url")) else { return nil }
    return .webhook(url: url, format: fields.choice("format") ?? .json, headers: headers)
  }

  /// An address that is written out begins with the scheme.
  private mutating func require(
    _ code: String, _ text: SourceText?, _ what: String, _ scheme: String, _ takes: (String) -> Bool
  ) {
    guard let text else { return }
    let (address, faults) = Template.read(text)
    guard faults.isEmpty, let literal = address.literal, !takes(literal) else { return }
    refuse(
      code, "The address of a \(what) begins with neither `\(scheme)s://` nor `\(scheme)://`", text,
      hint: "Write one like \(scheme)s://host.example.org")
  }

  private mutating func refuse(_ code: String, _ sentence: String, _ text: SourceText, hint: String) {
    faults.append(Fault(code, .config, sentence, place: text.place, hint: hint))
  }

  /// Faults inside are for the caller to tell, from `templates`.
  private mutating func template(_ text: SourceText?) -> Template? {
    guard let text else { return nil }
    templates.append(text)
    return Template.read(text).template
  }
}
