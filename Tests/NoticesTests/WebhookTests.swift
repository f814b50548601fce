import Glibc
import Model
@testable import Notices
import Runtime
import Testing

@Suite struct WebhookTests {
  private func deliver(
    to url: String, format: Notifier.WebhookFormat = .json, headers: [String: String] = [:],
    _ notice: Notice = .sample(), by courier: Courier? = nil
  ) async throws -> Delivery {
    let courier = try courier ?? .sample()
    return await courier.deliver(notice, to: .webhook(url: url, format: format, headers: headers))
  }

  @Test func postsFactsAndKey() async throws {
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { $1.send(Connection.ok) }
    let delivery = try await deliver(
      to: "http://127.0.0.1:\(server.port)/hook?x=1", headers: ["X-Team": "finance", "X-Empty": ""])
    #expect(delivery == .delivered)
    let request = try #require(received.all.first)
    #expect(request.line == "POST /hook?x=1 HTTP/1.1")
    #expect(request.header("Idempotency-Key") == "r0123:failure:0")
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    #expect(request.header("X-Team") == "finance")
    let body = try JSONValue(parsing: request.body)
    #expect(body["event"]?.stringValue == "failure" && body["run"]?.stringValue == "r0123")
    #expect(body["text"]?.stringValue == NoticeText(.sample()).body)
  }

  @Test func slackGetsItsOwnFormat() async throws {
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { $1.send(Connection.ok) }
    var facts = NoticeFacts.sample()
    facts.fault = "a < b & <!channel>"
    let delivery = try await deliver(
      to: "http://127.0.0.1:\(server.port)/", format: .slack, .sample(facts: facts))
    #expect(delivery == .delivered)
    let body = try JSONValue(parsing: try #require(received.all.first).body)
    #expect(body.members.map(\.name) == ["text"])
    #expect(body["text"]?.stringValue?.contains("a &lt; b &amp; &lt;!channel&gt;") == true)
  }

  static let statuses: [(Int, String, Bool)] = [
    (200, "", true), (204, "", true), (301, "webhook_redirects", false), (307, "webhook_redirects", false),
    (400, "webhook_refused", false), (404, "webhook_refused", false), (410, "webhook_refused", false),
    (408, "webhook_unavailable", true), (425, "webhook_unavailable", true),
    (429, "webhook_unavailable", true), (500, "webhook_unavailable", true),
    (503, "webhook_unavailable", true),
  ]

  @Test(arguments: statuses) func statusesDecide(status: Int, code: String, isGood: Bool) async throws {
    let elsewhere = Recorder<Request>()
    let other = try LoopbackServer.http(elsewhere) { $1.send(Connection.ok) }
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { [port = other.port] _, connection in
      connection.send(
        "HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:\(port)/\r\nRetry-After: 7\r\n"
          + "Content-Length: 0\r\nConnection: close\r\n\r\n")
    }
    let delivery = try await deliver(to: "http://user:pw@127.0.0.1:\(server.port)/secret-path")
    #expect(received.all.count == 1 && elsewhere.all.isEmpty)
    if code.isEmpty {
      #expect(delivery == .delivered)
    } else {
      #expect(delivery.fault?.code == code && delivery.isTransient == isGood)
      #expect(delivery.fault?.sentence.contains("127.0.0.1:\(server.port)") == true)
      #expect(!"\(delivery)".contains("secret-path") && !"\(delivery)".contains("pw"))
    }
    if case .transient(_, let wait) = delivery { #expect(wait == .seconds(7)) }
  }

  @Test func cutConnectionsAreTransient() async throws {
    let server = try LoopbackServer.http(Recorder()) { $1.reset() }
    let delivery = try await deliver(to: "http://127.0.0.1:\(server.port)/")
    #expect(delivery.fault?.code == "webhook_unreachable" && delivery.isTransient)
  }

  @Test func silenceEndsByTheTimeout() async throws {
    let server = try LoopbackServer.http(Recorder()) { $1.waitForEnd() }
    let delivery = try await deliver(
      to: "http://127.0.0.1:\(server.port)/", by: .sample(total: .milliseconds(200)))
    #expect(delivery.fault?.code == "webhook_unreachable" && delivery.isTransient)
  }

  @Test(.timeLimit(.minutes(1))) func whoeverStopsWaitsForNobody() async throws {
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { $1.waitForEnd() }
    let attempt = Task {
      try await deliver(to: "http://127.0.0.1:\(server.port)/", by: .sample(total: .seconds(600)))
    }
    while received.all.isEmpty { await Task.yield() }
    attempt.cancel()
    #expect(try await attempt.value == .stopped)
  }

  /// The answer counts, not the end of what comes behind it.
  @Test(.timeLimit(.minutes(1)), arguments: [200, 500]) func aBodyThatNeverEndsIsNotWaitedFor(
    _ status: Int
  ) async throws {
    let server = try LoopbackServer.http(Recorder()) { _, connection in
      connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 1000\r\n\r\nslow")
      connection.waitForEnd()
    }
    let delivery = try await deliver(
      to: "http://127.0.0.1:\(server.port)/", by: .sample(total: .seconds(600)))
    #expect(status == 200 ? delivery == .delivered : delivery.fault?.code == "webhook_unavailable")
    #expect(delivery.fault?.cause == nil)
  }

  @Test func plainTextIsNoTLS() async throws {
    let server = try LoopbackServer { $0.send(Connection.ok) }
    let delivery = try await deliver(to: "https://127.0.0.1:\(server.port)/")
    #expect(delivery.fault?.code == "webhook_unreachable" && delivery.isTransient)
  }

  static let openssl = "/usr/bin/openssl"

  @Test(.enabled(if: access(openssl, X_OK) == 0), .timeLimit(.minutes(1)))
  func certificatesOfNobodyAreRefused() async throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-notices-")
    func start(_ arguments: String...) throws -> ChildProcess {
      try ChildProcess([Self.openssl] + arguments, environment: [:], output: "\(folder)/log")
    }
    let maker = try start(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
      "-addext", "subjectAltName=DNS:localhost", "-keyout", "\(folder)/key", "-out", "\(folder)/certificate")
    #expect(maker.wait(atMost: .seconds(30)) == .status(0))
    // A port that was free a moment ago.
    let port = try LoopbackServer { _ in }.port
    let server = try start(
      "s_server", "-accept", "127.0.0.1:\(port)", "-key", "\(folder)/key", "-cert",
      "\(folder)/certificate", "-www")
    var delivery = try await deliver(to: "https://localhost:\(port)/")
    while delivery.fault?.cause?.contains("connect") == true, server.exit == nil {
      delivery = try await deliver(to: "https://localhost:\(port)/")
    }
    server.signal(SIGKILL)
    _ = server.wait(atMost: .seconds(10))
    try FolderTree.remove(folder)
    #expect(delivery.fault?.code == "webhook_unreachable")
    #expect(delivery.fault?.cause?.contains("certificate") == true)
  }

  static let refused = [
    "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/",
    "http://2852039166/", "http://0xA9FEA9FE/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
    "http://0.0.0.0/", "http://0/", "http://100.100.100.200/", "http://[fd00:ec2::254]/", "http://[::]/",
    "http://224.0.0.1/", "http://255.255.255.255/",
  ]

  @Test(arguments: refused) func metadataAddressesAreRefused(_ url: String) async throws {
    let delivery = try await deliver(to: url)
    #expect(delivery.fault?.code == "address_refused" && delivery.isPermanent)
  }

  @Test func privateAddressesAreRefusedBySetting() async throws {
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { $1.send(Connection.ok) }
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"] {
      let delivery = try await deliver(
        to: "http://\(host):\(server.port)/", by: .sample(allowsPrivate: false))
      #expect(delivery.fault?.code == "address_refused" && delivery.isPermanent, "\(host)")
    }
    #expect(received.all.isEmpty)
  }

  @Test(arguments: ["file:///etc/passwd", "gopher://x/", "ftp://x/", "x", "", "http://", "http://a b/"])
  func otherURLsAreRefused(_ url: String) async throws {
    #expect(try await deliver(to: url).isPermanent)
  }

  static let badHeaders = [
    ("X-A", "a\r\nX-Evil: 1"), ("X-A", "a\nb"), ("X-A", "a\r"), ("X-A", "a\0b"), ("X-A\r\nX-Evil", "1"),
    ("X A", "1"), ("", "1"), ("X:A", "1"),
  ]

  @Test(arguments: badHeaders) func headersStayHeaders(name: String, value: String) async throws {
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { $1.send(Connection.ok) }
    let delivery = try await deliver(to: "http://127.0.0.1:\(server.port)/", headers: [name: value])
    #expect(delivery.fault?.code == "bad_header" && delivery.isPermanent)
    #expect(received.all.isEmpty)
  }

  @Test func theKeyCannotBeOverridden() throws {
    let webhook = Webhook(
      url: "", format: .json, headers: ["idempotency-key": "x", "Content-Type": "y", "A": "z"],
      rule: AddressRule(allowsPrivate: true), connectTimeout: .zero, totalTimeout: .zero)
    #expect(
      try webhook.headerLines(.sample()) == [
        "Content-Type: application/json; charset=utf-8", "Idempotency-Key: r0123:failure:0", "A: z",
      ])
  }

  /// A thousand notices through a server that fails three in ten, by the retry plan: all arrive.
  @Test func allArriveThroughFaults() async throws {
    let received = Recorder<Request>()
    let server = try LoopbackServer.http(received) { number, connection in
      switch number % 10 {
      case 0: connection.send("HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
      case 3: connection.reset()
      case 7: connection.send("HTTP/1.1 429 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
      default: connection.send(Connection.ok)
      }
    }
    let courier = try Courier.sample()
    for number in 0..<1000 {
      var attempts = 0
      while true {
        let delivery = try await deliver(
          to: "http://127.0.0.1:\(server.port)/", .sample("key-\(number)"), by: courier)
        if delivery == .delivered { break }
        attempts += 1
        let step = RetryPlan.standard.step(attempts: attempts, age: .zero, asked: nil, chance: 0)
        try #require(delivery.isTransient && step != .giveUp)
      }
    }
    #expect(Set(received.all.compactMap { $0.header("Idempotency-Key") }).count == 1000)
  }
}
