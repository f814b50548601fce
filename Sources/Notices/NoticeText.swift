package import Model

/// A notice in words: the only place where they are made.
///
/// Says what happened, why, and what to do now, in this order. Line breaks and control characters
/// from outside become spaces, so that no value can pass for another line.
package struct NoticeText: Hashable, Sendable {
  /// One line.
  package let subject: String
  /// Sentences, one a line.
  package let body: String

  package init(_ facts: NoticeFacts) {
    let whom = NoticeText.oneLine(facts.subject)
    let whole = facts.interval.map { "\(whom) for \(NoticeText.oneLine($0))" } ?? whom
    let what: String
    var lines: [String] = []
    switch facts.event {
    case .success:
      what = "succeeded"
      lines.append("\(whole) succeeded\(NoticeText.took(facts)).")
    case .failure:
      what = "failed"
      lines.append("\(whole) failed\(NoticeText.took(facts)).")
    case .checkFailed:
      what = "failed a check"
      lines.append("\(whole) was not published: a check on the result failed.")
    case .recovery:
      what = "works again"
      let since = facts.failedSince.map { " It had failed since \(NoticeText.oneLine($0))." } ?? ""
      lines.append("\(whole) works again.\(since)")
    case .missed:
      what = "was missed"
      let due = facts.fire.map { " It was due at \(NoticeText.oneLine($0))." } ?? ""
      lines.append("\(whole) did not run.\(due)")
    case .late:
      what = "is late"
      let by = facts.finishBy.map { " by \(NoticeText.oneLine($0))" } ?? " in time"
      lines.append("\(whole) has not finished\(by).")
    }
    subject = NoticeText.cut("[\(NoticeText.oneLine(facts.project))] \(whole) \(what)", to: 200)

    if let fault = facts.fault {
      lines.append("\(NoticeText.oneLine(fault))\(facts.code.map { " (\($0))" } ?? "").")
    }
    if let cause = facts.cause {
      lines.append("Cause: \(NoticeText.cut(NoticeText.oneLine(cause), to: 1000))")
    }
    if let counts = NoticeText.counts(facts) { lines.append(counts) }
    if let hint = facts.hint { lines.append("Hint: \(NoticeText.oneLine(hint))") }
    if let retryAt = facts.retryAt {
      lines.append("It is tried again by itself at \(NoticeText.oneLine(retryAt)).")
    }
    if let next = facts.next { lines.append("Next: \(NoticeText.oneLine(next))") }
    if let run = facts.run { lines.append("Run: \(NoticeText.oneLine(run))") }
    body = lines.joined(separator: "\n")
  }

  /// Several notices that are sent as one.
  package init(digest texts: [NoticeText], project: String) {
    if texts.count == 1 {
      self = texts[0]
    } else {
      subject = "[\(NoticeText.oneLine(project))] \(texts.count) notices"
      body = texts.map { "\($0.subject)\n\($0.body)" }.joined(separator: "\n\n")
    }
  }

  private static func took(_ facts: NoticeFacts) -> String {
    guard let milliseconds = facts.milliseconds else { return "" }
    let seconds = milliseconds / 1000
    if seconds == 0 { return " after \(milliseconds) ms" }
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
    return " after " + parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }

  private static func counts(_ facts: NoticeFacts) -> String? {
    func rows(_ count: Int64) -> String { count == 1 ? "1 row" : "\(count) rows" }
    let parts = [
      facts.rowsRead.map { "\(rows($0)) read" }, facts.rowsQuarantined.map { "\($0) rejected" },
      facts.resultRows.map { "\(rows($0)) in the result" },
    ].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: ", ") + "."
  }

  /// What steers the reader's screen or the mail's lines, as spaces.
  static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isSteering ? " " : $0 }))
  }

  private static func cut(_ text: String, to count: Int) -> String {
    text.count <= count ? text : text.prefix(count - 1) + "…"
  }
}
