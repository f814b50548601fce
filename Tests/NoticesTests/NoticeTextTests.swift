import Model
@testable import Notices
import Testing

@Suite struct NoticeTextTests {
  @Test func failureSaysWhatWhyAndWhatNow() {
    var facts = NoticeFacts.sample()
    facts.cause = "ERROR: column \"l_net\" does not exist"
    facts.hint = "Did you mean `net`?"
    facts.milliseconds = 3_725_000
    facts.next = "tidemark show daily"
    let text = NoticeText(facts)
    #expect(text.subject == "[shop] daily for 2026-03-01 failed")
    #expect(
      text.body == """
        daily for 2026-03-01 failed after 1 h 2 min 5 s.
        The column `l_net` does not exist (undefined_column).
        Cause: ERROR: column "l_net" does not exist
        Hint: Did you mean `net`?
        Next: tidemark show daily
        Run: r0123
        """)
  }

  /// Receivers find the job's name as it is in its file, people the row with it.
  @Test func theRowStandsInTheWordsAndBesideTheJob() throws {
    var facts = NoticeFacts.sample()
    facts.matrixRow = "tenant=acme"
    #expect(NoticeText(facts).subject == "[shop] daily[tenant=acme] for 2026-03-01 failed")
    let json = Notice.sample(facts: facts).json
    #expect(json["job"]?.stringValue == "daily" && json["matrix_row"]?.stringValue == "tenant=acme")
    #expect(NoticeFacts.sample().json["matrix_row"] == nil)
  }

  @Test(arguments: NoticeEvent.allCases) func everyEventHasWords(_ event: NoticeEvent) {
    var facts = NoticeFacts(event: event, project: "shop", job: "daily")
    let short = NoticeText(facts)
    #expect(short.subject.hasPrefix("[shop] daily ") && short.body.hasSuffix("."))
    facts.fire = "2026-03-01T02:15:00Z"
    facts.finishBy = "2026-03-01T06:00:00Z"
    facts.failedSince = "2026-02-27T02:15:00Z"
    facts.rowsRead = 10
    facts.resultRows = 2
    facts.retryAt = "2026-03-01T02:30:00Z"
    #expect(NoticeText(facts).body.contains("10 rows read, 2 rows in the result."))
    facts.resultRows = 1
    #expect(NoticeText(facts).body.contains("10 rows read, 1 row in the result."))
    #expect(NoticeText(facts).body.contains("tried again by itself at 2026-03-01T02:30:00Z."))
  }

  @Test func noValueMakesALine() {
    var facts = NoticeFacts.sample()
    facts.job = "daily\r\nNext: rm -rf /\u{2028}\u{1B}[31m\u{202E}"
    facts.fault = "a\nb"
    let text = NoticeText(facts)
    #expect(!text.subject.contains { $0.isNewline })
    #expect(text.body.split(separator: "\n").count == 3)
    #expect(!text.body.unicodeScalars.contains("\u{1B}") && !text.body.unicodeScalars.contains("\u{202E}"))
  }

  @Test func digestsHoldEveryNotice() {
    let texts = NoticeEvent.allCases.map { NoticeText(.sample($0)) }
    let digest = NoticeText(digest: texts, project: "shop")
    #expect(digest.subject == "[shop] \(texts.count) notices")
    #expect(texts.allSatisfy { digest.body.contains($0.body) })
    #expect(NoticeText(digest: [texts[0]], project: "shop") == texts[0])
  }

  @Test func factsSurviveTheOutbox() throws {
    var facts = NoticeFacts.sample()
    facts.revision = 2
    facts.milliseconds = 12
    facts.rowsRead = 1 << 40
    facts.rowsQuarantined = 0
    facts.resultRows = 3
    for path in [
      \NoticeFacts.matrixRow, \.cause, \.hint, \.fire, \.finishBy, \.failedSince, \.retryAt, \.next,
    ] {
      facts[keyPath: path] = "x\n\""
    }
    let read = NoticeFacts(
      try JSONValue(parsing: facts.json.text), event: .failure, project: "shop", job: "daily")
    #expect(read == facts)
  }

  @Test func postgresGetsWhatFits() async throws {
    let courier = try Courier.sample()
    var facts = NoticeFacts.sample()
    for size in [10, 900, 20_000] {
      facts.cause = String(repeating: "ü", count: size)
      let delivery = await courier.deliver(
        .sample(facts: facts), to: .postgres(connection: "shop", channel: "jobs"))
      guard case .notify("shop", "jobs", let payloads) = delivery else {
        Issue.record("\(delivery)")
        continue
      }
      #expect(payloads.count == 1 && payloads[0].utf8.count < 8000)
      #expect(try JSONValue(parsing: payloads[0])["id"]?.stringValue == "r0123:failure:0")
    }
  }

  /// Everybody hears of each notice of a digest, however many they are.
  @Test(arguments: [3, 40]) func postgresGetsAllOfADigest(_ count: Int) async throws {
    let courier = try Courier.sample()
    let digest = try #require(Notice(digest: (1...count).map { .sample("r\($0)") }))
    let delivery = await courier.deliver(digest, to: .postgres(connection: "shop", channel: "jobs"))
    guard case .notify("shop", "jobs", let payloads) = delivery else {
      Issue.record("\(delivery)")
      return
    }
    let read = try payloads.map { try JSONValue(parsing: $0) }
    let all = read.flatMap { $0["notices"]?.elements ?? [$0] }
    #expect(all.map { $0["id"]?.stringValue } == (1...count).map { "r\($0)" })
    #expect(payloads.allSatisfy { $0.utf8.count < 8000 } && (payloads.count == 1) == (count == 3))
  }

  /// Whatever stands in a matrix, what names the notice is a header, and the same in all that is sent.
  @Test(arguments: [
    ("p/j[t=a]/2026/missed/0", true), ("p/j[t=a b]/2026/missed/0", true),
    ("p/j[t=a\nb]/2026/missed/0", false),
    ("p/j[t=münchen]/2026/missed/0", false), (String(repeating: "x", count: 300), false),
  ])
  func theNameOfANoticeIsPlain(_ key: String, _ isKept: Bool) {
    let notice = Notice.sample(key)
    #expect((notice.idempotencyKey == key) == isKept)
    #expect(
      notice.idempotencyKey.utf8.count <= 200 && notice.idempotencyKey == Notice.sample(key).idempotencyKey)
    #expect(notice.idempotencyKey.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    #expect(notice.json["id"]?.stringValue == notice.idempotencyKey)
  }
}
