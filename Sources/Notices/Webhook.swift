internal import CCurl
internal import Model

/// Sends a notice to a URL by HTTP POST.
struct Webhook {
  var url: String
  var format: Notifier.WebhookFormat
  var headers: [String: String]
  var rule: AddressRule
  var connectTimeout: Duration
  var totalTimeout: Duration

  func send(_ notice: Notice) throws(Fault) -> Delivery {
    guard Notifier.isWebhookURL(url) else {
      return .permanent(
        Fault(
          "bad_webhook_url", .config, "A webhook's URL begins with neither `https://` nor `http://`"))
    }
    let lines: [String]
    do throws(Fault) {
      lines = try headerLines(notice)
    } catch {
      return .permanent(error)
    }
    let transfer = CurlTransfer(
      url: url, schemes: "http,https", rule: rule, connectTimeout: connectTimeout,
      totalTimeout: totalTimeout, work: .post(body: body(notice), headers: lines))
    return delivery(try transfer.perform())
  }

  func body(_ notice: Notice) -> String {
    switch format {
    case .json: return notice.json.text
    case .slack:
      // Slack reads these three as markup.
      let text = "*\(notice.text.subject)*\n\(notice.text.body)".unicodeScalars.map { scalar in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: String(scalar)
        }
      }.joined()
      return JSONValue.object([.init("text", .string(text))]).text
    }
  }

  /// - Throws: `Fault` `bad_header` for a name or a value that would begin another header.
  func headerLines(_ notice: Notice) throws(Fault) -> [String] {
    let own = [
      ("Content-Type", "application/json; charset=utf-8"), ("Idempotency-Key", notice.idempotencyKey),
    ]
    let given = headers.sorted { $0.key < $1.key }.filter { header in
      !own.contains { $0.0.lowercased() == header.key.lowercased() }
    }
    var lines: [String] = []
    for (name, value) in own + given.map({ ($0.key, $0.value) }) {
      guard Notifier.isHeader(name, value) else {
        throw Fault(
          "bad_header", .config,
          "The webhook header `\(NoticeText.oneLine(name))` has a character that no header may have",
          hint: "Look for a line break at the end of the file or variable that it comes from")
      }
      // A colon and nothing behind it would take the header away; this is how libcurl sends it empty.
      lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    return lines
  }

  private func delivery(_ answer: CurlTransfer.Answer) -> Delivery {
    // The status decides, once there is one: what comes behind it is not read.
    switch answer.status {
    case 200..<300: return .delivered
    case 300..<400:
      return .permanent(
        fault(
          "webhook_redirects", .config, "redirects, which is not followed", answer,
          hint: "Give the URL that it redirects to"))
    case 408, 425, 429, 500...:
      return .transient(
        fault("webhook_unavailable", .connection, "answered \(answer.status)", answer, isTransient: true),
        retryAfter: answer.retryAfter)
    case 400...:
      return .permanent(
        fault(
          "webhook_refused", .config, "answered \(answer.status)", answer,
          hint: "Check the URL and its secret"))
    default: break
    }
    if answer.wasStopped { return .stopped }
    if answer.wasRefused {
      return .permanent(
        fault(
          "address_refused", .config, "has an address that notices are not sent to", answer,
          hint: "Link-local and metadata addresses never get notices; private ones by setting"))
    }
    if answer.code == CURLE_URL_MALFORMAT || answer.code == CURLE_UNSUPPORTED_PROTOCOL {
      return .permanent(fault("bad_webhook_url", .config, "has a URL that cannot be used", answer))
    }
    return .transient(
      fault("webhook_unreachable", .connection, "cannot be reached", answer, isTransient: true),
      retryAfter: nil)
  }

  private func fault(
    _ code: String, _ kind: FaultClass, _ what: String, _ answer: CurlTransfer.Answer,
    hint: String? = nil, isTransient: Bool = false
  ) -> Fault {
    Fault(
      code, kind, "The webhook at \(HostName.of(url)) \(what)",
      cause: [CURLE_OK, CURLE_WRITE_ERROR].contains(answer.code) ? nil : answer.sentence, hint: hint,
      isTransient: isTransient)
  }
}
