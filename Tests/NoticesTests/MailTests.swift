import CCurl
import Model
@testable import Notices
import Testing

@Suite struct MailTests {
  private func deliver(
    _ server: LoopbackServer, to: [String] = ["ops@example.org", "team@example.org"], from: String? = nil,
    _ notice: Notice = .sample()
  ) async throws -> Delivery {
    try await Courier.sample().deliver(
      notice, to: .mail(to: to, from: from, server: "smtp://127.0.0.1:\(server.port)"))
  }

  @Test func goesToEveryRecipient() async throws {
    let received = Recorder<[String]>()
    let server = try LoopbackServer.smtp(received)
    #expect(try await deliver(server) == .delivered)
    // The server records a mail once its client has gone; the next connection comes after that.
    _ = try await deliver(server)
    let lines = try #require(received.all.first)
    #expect(lines.contains("MAIL FROM:<tidemark@host.example>"))
    #expect(lines.contains("RCPT TO:<ops@example.org>") && lines.contains("RCPT TO:<team@example.org>"))
    #expect(lines.contains("Subject: [shop] daily for 2026-03-01 failed"))
    #expect(lines.contains("Date: Mon, 21 Sep 2026 14:13:20 +0000"))
    #expect(lines.contains("Message-ID: <r0123.3afailure.3a0@host.example>"))
  }

  /// Once the server has taken a mail, nobody waits for its farewell.
  @Test(.timeLimit(.minutes(1))) func aServerThatHangsAtTheEndHoldsUpNobody() async throws {
    let received = Recorder<[String]>()
    let server = try LoopbackServer.smtp(received) { $0 == "QUIT" ? "221-bye" : nil }
    #expect(try await deliver(server) == .delivered)
  }

  static let answers: [(String, String, Bool)] = [
    ("RCPT", "450 later", true), ("RCPT", "550 unknown", false), ("MAIL", "451 later", true),
    ("MAIL", "553 no", false), ("DATA", "452 full", true), (".", "554 spam", false), (".", "421 later", true),
    ("EHLO", "", true), ("DATA", "", true),
  ]

  @Test(arguments: answers) func answersDecide(command: String, answer: String, isTransient: Bool)
    async throws
  {
    let server = try LoopbackServer.smtp(Recorder()) { $0.hasPrefix(command) ? answer : nil }
    let delivery = try await deliver(server)
    #expect(delivery.isTransient == isTransient && delivery.isPermanent == !isTransient)
    #expect(delivery.fault?.sentence.contains("127.0.0.1:\(server.port)") == true)
  }

  /// A server that cannot ask who we are has not said no.
  @Test(arguments: [(454, true), (535, false), (0, false)])
  func aPasswordMayBeTakenLater(_ status: Int, _ isTransient: Bool) throws {
    let mail = Mail(
      to: ["ops@example.org"], from: "a@example.org", server: "smtps://me:secret@mail.example.org",
      rule: AddressRule(allowsPrivate: true), connectTimeout: .seconds(10), totalTimeout: .seconds(20))
    let delivery = mail.delivery(
      CurlTransfer.Answer(
        code: CURLE_LOGIN_DENIED, status: status, retryAfter: nil, refused: [], wasRefused: false))
    #expect(delivery.isTransient == isTransient && delivery.isPermanent == !isTransient)
  }

  /// An answer that came before the connection was lost is no verdict on the mail.
  @Test(arguments: [
    ["RCPT TO:<ops@": "550 gone", "RCPT TO:<team@": ""], ["RCPT TO:<ops@": "550 gone", "DATA": ""],
    ["EHLO": "502 what", "HELO": ""],
  ])
  func aLostConnectionRefusesNothing(_ answers: [String: String]) async throws {
    let server = try LoopbackServer.smtp(Recorder()) { line in
      answers.first { line.hasPrefix($0.key) }?.value
    }
    let delivery = try await deliver(server)
    #expect(delivery.isTransient && delivery.fault?.sentence.hasSuffix("cannot be reached") == true)
  }

  @Test func aServerWhoseNameCannotBeReadIsNotTriedAgain() async throws {
    let server = try LoopbackServer.smtp(Recorder())
    let address = "smtp://127.0.0.1:\(server.port)/%0d"
    let delivery = try await Courier.sample().deliver(
      .sample(), to: .mail(to: ["ops@example.org"], from: nil, server: address))
    #expect(delivery.isPermanent && delivery.fault?.code == "bad_mail_server")
  }

  /// A colleague's mailbox that is gone must not keep an alarm from everybody else.
  @Test(arguments: [
    (["ops": "550-gone\r\n550 for good"], "ops@example.org (550)", []),
    (["team": "452 full"], "team@example.org (452)", ["team@example.org"]),
    (
      ["team": "452 full", "ops": "550 gone"], "ops@example.org (550), team@example.org (452)",
      ["ops@example.org", "team@example.org"]
    ),
  ])
  func whoIsRefusedKeepsItFromNobodyElse(
    _ answers: [String: String], _ named: String, _ tried: [String]
  ) async throws {
    let received = Recorder<[String]>()
    let server = try LoopbackServer.smtp(received) { line in
      answers.first { line.hasPrefix("RCPT TO:<\($0.key)@") }?.value
    }
    let to = ["ops@example.org", "night@example.org", "team@example.org"]
    let delivery = try await deliver(server, to: to)
    guard case .partly(let fault, let again) = delivery else {
      Issue.record("\(delivery)")
      return
    }
    #expect(again == tried && fault.isTransient == !tried.isEmpty)
    #expect(
      fault.code == "mail_partly_refused" && fault.sentence.hasSuffix("took the mail for all but \(named)"))
    _ = try await deliver(server, to: to)
    let lines = try #require(received.all.first)
    #expect(lines.contains("RCPT TO:<night@example.org>") && lines.contains("."))
  }

  @Test func triedAgainWhereOneMayBeTakenLater() async throws {
    for first in ["450 later", "550 gone"] {
      let server = try LoopbackServer.smtp(Recorder()) { line in
        if !line.hasPrefix("RCPT") { return nil }
        return line.contains("ops@") == (first.first == "4") ? "450 later" : "550 gone"
      }
      #expect(try await deliver(server).isTransient)
    }
  }

  static let badAddresses = [
    "", "x", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: evil@example.org", "<a@b>", "a@b,c@d", "ä@b",
    "a\0@b", "\"a\"@b",
  ]

  @Test(arguments: badAddresses) func addressesStayAddresses(_ address: String) async throws {
    let received = Recorder<[String]>()
    let server = try LoopbackServer.smtp(received)
    #expect(try await deliver(server, to: [address]).fault?.code == "bad_mail_address")
    #expect(try await deliver(server, from: address).fault?.code == "bad_mail_address")
    #expect(received.all.isEmpty)
  }

  @Test func noValueMakesAHeader() throws {
    var facts = NoticeFacts.sample()
    facts.job = "x\r\nBcc: evil@example.org\r\n\r\nbody"
    facts.fault = "a\r\n.\r\nQUIT"
    let notice = Notice.sample("k\r\nX: 1", facts: facts)
    let message = MailMessage(
      from: "a@b", to: ["c@d"], subject: notice.text.subject, body: notice.text.body, at: notice.at,
      identifier: notice.idempotencyKey)
    let text = String(decoding: message.bytes, as: UTF8.self)
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
    let headers = parts[0].split(separator: "\r\n").map { $0.prefix { $0 != ":" } }
    #expect(
      headers == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
      ])
    #expect(parts[1].utf8.allSatisfy { $0 != UInt8(ascii: ".") })
    #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 998 })
  }

  @Test func subjectsOfAnyScriptFit() {
    #expect(MailMessage.encodedText("plain") == "plain")
    #expect(MailMessage.encodedText("größer") == "=?UTF-8?B?Z3LDtsOfZXI=?=")
    #expect(MailMessage.encodedText("=?x?=") == "=?UTF-8?B?PT94Pz0=?=")
    let long = MailMessage.encodedText(String(repeating: "日本語🎌", count: 30))
    let words = long.split(separator: "\r\n ")
    #expect(words.count > 1 && words.allSatisfy { $0.utf8.count <= 75 && $0.hasSuffix("?=") })
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64(text: String, encoded: String) {
    #expect(Base64.text(Array(text.utf8)) == encoded)
  }

  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
    (1_793_237_399, "Thu, 29 Oct 2026 01:29:59 +0000"),
  ])
  func dates(seconds: Int, text: String) {
    #expect(MailMessage.dateText(Instant(seconds: seconds)) == text)
  }
}
