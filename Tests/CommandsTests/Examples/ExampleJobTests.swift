import CaseFiles
import DemoServer
import Model
import Postgres
import ProjectRig
import Runtime
import Testing

/// Each job of `jobs/` over the demo's data gives what the query of `fixtures/shop/expected/` gives, digit
/// for digit.
@Suite(.timeLimit(.minutes(5))) struct ExampleJobTests {
  /// One job: for when it runs, which databases its query is asked in, and where its result is.
  private struct Example {
    var job: String
    var interval: String
    var databases = ["shop"]
    /// What is read of its table in the warehouse.
    var result: String?
    /// Its file below the output folder.
    var file: String?
  }

  private static let examples = [
    Example(job: "daily-revenue", interval: "2026-03-14", result: "SELECT * FROM reporting.daily_revenue"),
    Example(
      job: "active-customers-30d", interval: "2026-03-14",
      result: """
        SELECT day, country, all_countries, active_customers, orders_per_customer
        FROM reporting.active_customers_30d
        """),
    Example(
      job: "month-close", interval: "2026-02", result: "SELECT * FROM finance.month_close",
      file: "close/month-close-2026-02.csv.gz"),
    Example(job: "partner-export", interval: "2026-W10", file: "partner/customers-2026-W10.csv.gz"),
    Example(
      job: "payments-hourly", interval: "2026-03-14T12", databases: ["shard_eu", "shard_us"],
      result: "SELECT * FROM reporting.payments_hourly"),
    // The percentile is approximate: it has its own tests.
    Example(
      job: "tenant-revenue", interval: "2026-03-14",
      result: "SELECT tenant, day, orders, revenue FROM reporting.tenant_revenue"),
  ]

  /// The rows of a query in one of the server's databases, sorted; `nil` for NULL.
  private static func rows(_ query: String, _ database: String, _ server: DemoServer) async throws
    -> [[String?]]
  {
    let connection = try await Connection.open(server.settings(database: database))
    let answer = try await connection.query(SQLText(trusted: query))
    await connection.close()
    return answer.rows.map { row in (0..<row.count).map { row[$0] } }
  }

  private static func lines(_ rows: [[String?]], null: String, _ separator: String) -> [String] {
    rows.map { $0.map { $0 ?? null }.joined(separator: separator) }.sorted()
  }

  /// Says only what differs.
  private static func expect(_ made: [String], _ expected: [String], _ what: String) {
    let difference = made.difference(from: expected).prefix(10)
    #expect(made.count == expected.count && difference.isEmpty, "\(what): \(Array(difference))")
  }

  private static func unpacked(_ file: String, _ project: TidemarkProject) async throws -> [String] {
    let plain = project.path("\(file.split(separator: "/").last ?? "").plain")
    let gzip = try ChildProcess(
      ["/bin/gzip", "-dc", project.path("out/\(file)")], environment: [:], output: plain)
    try #require(try await gzip.exit(within: .seconds(60)) == .status(0))
    return String(decoding: try FileContents.read(plain, atMost: ByteCount(1 << 24)), as: UTF8.self)
      .split(separator: "\n").map(String.init)
  }

  @Test func allGiveWhatPostgresGives() async throws {
    try await OwnServers.with(isDurable: false) { try await Self.compare(on: $0[0]) }
  }

  private static func compare(on server: DemoServer) async throws {
    try await DemoData(folder: "\(Checkout.root)/fixtures/shop", rows: 100_000).load(
      into: server, report: { _ in })
    _ = try await rows("CREATE EXTENSION pgcrypto", "shop", server)
    try await TidemarkProject.with(on: server) { project in
      try project.write("tidemark.yaml", Checkout.text("fixtures/shop/tidemark.yaml"))
      try project.write("partner-pepper", "pepper")
      let environment = [
        "TIDEMARK_DEMO_SERVER": "host=\(server.socketDirectory) port=\(server.port) user=postgres",
        "CREDENTIALS_DIRECTORY": project.folder,
      ]
      for example in examples {
        try project.write("jobs/\(example.job).yaml", Checkout.text("jobs/\(example.job).yaml"))
        let run = try await project.run(
          ["run", example.job, "--for", example.interval], environment: environment)
        try #require(run.status == 0, "\(example.job): \(run.output)")
        var expected: [[String?]] = []
        for database in example.databases {
          expected += try await rows(
            Checkout.text("fixtures/shop/expected/\(example.job).sql"), database, server)
        }
        try #require(expected.count > 3, "\(example.job) has nothing to compare")
        if let query = example.result {
          let made = try await rows(query, "warehouse", server)
          expect(lines(made, null: "NULL", "|"), lines(expected, null: "NULL", "|"), example.job)
        }
        if let file = example.file {
          // No value here needs quotes.
          let made = try await unpacked(file, project).dropFirst().sorted()
          expect(made, lines(expected, null: "", ","), file)
        }
      }
    }
  }
}
