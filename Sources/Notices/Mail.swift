internal import CCurl
internal import Model

/// Sends a notice by SMTP.
struct Mail {
  var to: [String]
  var from: String
  /// `smtp://` or `smtps://`, with user and password where the server wants them.
  var server: String
  var rule: AddressRule
  var connectTimeout: Duration
  var totalTimeout: Duration

  func send(_ notice: Notice) throws(Fault) -> Delivery {
    for address in to + [from] where !Notifier.isMailAddress(address) {
      return .permanent(
        Fault(
          "bad_mail_address", .config, "`\(NoticeText.oneLine(address))` is no mail address",
          hint: "Write the plain address, as in `ops@example.org`"))
    }
    guard !to.isEmpty else {
      return .permanent(Fault("bad_mail_address", .config, "A mail has nobody to go to"))
    }
    guard Notifier.isMailServer(server) else {
      return .permanent(
        Fault(
          "bad_mail_server", .config,
          "A mail server's URL begins with neither `smtp://` nor `smtps://`"))
    }
    let message = MailMessage(
      from: from, to: to, subject: notice.text.subject, body: notice.text.body, at: notice.at,
      identifier: notice.idempotencyKey)
    let transfer = CurlTransfer(
      url: server, schemes: "smtp,smtps", rule: rule, connectTimeout: connectTimeout,
      totalTimeout: totalTimeout, work: .mail(from: from, to: to, message: message.bytes))
    return delivery(try transfer.perform())
  }

  func delivery(_ answer: CurlTransfer.Answer) -> Delivery {
    let host = HostName.of(server)
    if answer.code == CURLE_OK {
      if answer.refused.isEmpty { return .delivered }
      let whom = answer.refused.map { "\($0.recipient) (\($0.status))" }.joined(separator: ", ")
      let mayBeTakenLater = answer.refused.contains { $0.status < 500 }
      return .partly(
        Fault(
          "mail_partly_refused", .config, "The mail server \(host) took the mail for all but \(whom)",
          hint: mayBeTakenLater
            ? "The mail is tried again for these, since 4xx says later; 5xx is for good: correct such a recipient"
            : "Correct these recipients; the others have the mail",
          isTransient: mayBeTakenLater), again: mayBeTakenLater ? answer.refused.map(\.recipient) : [])
    }
    if answer.wasStopped { return .stopped }
    // Where nobody was taken, one that may be taken later is worth another try.
    let status =
      answer.refused.count == to.count ? answer.refused.map(\.status).min() ?? 0 : answer.status
    if answer.wasRefused {
      return .permanent(
        Fault(
          "address_refused", .config,
          "The mail server \(host) has an address that notices are not sent to",
          hint: "Link-local and metadata addresses never get notices; private ones by setting"))
    }
    if answer.code == CURLE_URL_MALFORMAT || answer.code == CURLE_UNSUPPORTED_PROTOCOL {
      return .permanent(
        Fault(
          "bad_mail_server", .config, "The mail server \(host) has a URL that cannot be used",
          cause: answer.sentence, hint: "Write smtp://host:587 or smtps://host"))
    }
    // RFC 5321: 4xx says later, 5xx says no; of a password, too.
    if status >= 500 || answer.code == CURLE_LOGIN_DENIED && !(400..<500).contains(status) {
      return .permanent(
        Fault(
          "mail_refused", .config, "The mail server \(host) refused the mail with \(status)",
          cause: answer.sentence, hint: "Check the sender, the recipients and the password"))
    }
    let said = status >= 400 ? "answered \(status)" : "cannot be reached"
    return .transient(
      Fault(
        "mail_unavailable", .connection, "The mail server \(host) \(said)", cause: answer.sentence,
        isTransient: true), retryAfter: nil)
  }
}
