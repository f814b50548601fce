internal import DemoServer
internal import Engine
internal import Glibc
internal import JobFiles
internal import Model
internal import Postgres
internal import Runtime
internal import StateStore

/// `tidemark demo`: a throw-away Postgres with a small business in it, one real job run on it, and its
/// result.
enum DemoCommand {
  static let spec = CommandSpec(
    name: "demo", summary: "Start a throw-away Postgres, run a real job on it and show the result",
    options: [
      OptionSpec("rows", value: "N", help: "order lines to make (default 200,000; up to 100 million)"),
      OptionSpec("keep", help: "leave the server running, and say how to connect and how to stop it"),
      OptionSpec("job", value: "NAME", help: "the job to run (default daily-revenue)"),
      OptionSpec("for", value: "WHEN", help: "the interval to run it for (default \(DemoCommand.interval))"),
    ],
    example: "tidemark demo --rows 1_000_000",
    run: { invocation in try await StopSignals.cancelling { try await run(invocation) } })

  /// A day that the demo's data covers, with the days before it.
  static let interval = "2026-03-14"
  static let job = "daily-revenue"

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let root = try ProjectFolder.demo()
    let rows = try invocation.integer("rows", in: 1...100_000_000) ?? DemoData.standardRows
    let style = Terminal.errorStyle
    @Sendable func say(_ line: String) { Terminal.printError(style.dim("· \(line)") + "\n") }

    say("starting a throw-away Postgres")
    var options = DemoServer.Options()
    options.isKept = invocation.has("keep")
    let server = try await DemoServer.start(options)
    do {
      let code = try await show(invocation, server, root: root, rows: rows, say: { say($0) })
      if options.isKept {
        tellHowToGoOn(server, root: root)
      } else {
        try server.stop()
        say("the server is stopped and removed; --keep would have left it")
      }
      return code
    } catch {
      if !options.isKept { try server.stop() }
      throw error
    }
  }

  private static func show(
    _ invocation: Invocation, _ server: DemoServer, root: String, rows: Int, say: @Sendable (String) -> Void
  ) async throws -> ExitCode {
    say("making about \(Quantity.count(Int64(rows))) order lines")
    try await DemoData(folder: root + "/fixtures/shop", rows: rows).load(into: server, report: say)

    setenv("TIDEMARK_DEMO_SERVER", server.connectionString(database: "").demoServer, 1)
    let name = invocation["job"] ?? job
    let when = invocation["for"] ?? interval
    let state = server.folder + "/state.db"
    let common = ["--project", root, "--config", root + "/fixtures/shop/tidemark.yaml", "--state", state]
    say("running jobs/\(name).yaml for \(when)")
    let code = await Tool.run(["run", name, "--for", when] + common)
    if code != .ok { return code }
    for target in try targets(invocation, name: name, root: root) {
      try await print(target, server)
    }
    return .ok
  }

  // MARK: The result

  private static func targets(_ invocation: Invocation, name: String, root: String) throws -> [(
    String, String
  )] {
    let file = try ProjectFile.read(root: root, configs: [root + "/fixtures/shop/tidemark.yaml"]).get()
    let path = try JobFolder.find(name, root: root).path
    return try JobFile.read(path: path, project: file).get().job.sinks.compactMap { sink in
      guard case .table(let rule) = sink, let connection = rule.connection.literal,
        let table = rule.name.literal
      else { return nil }
      return (connection, table)
    }
  }

  private static func print(_ target: (connection: String, table: String), _ server: DemoServer) async throws
  {
    let connection = try await Connection.open(server.settings(database: target.connection))
    let table = try QualifiedName(parsing: target.table)
    let count =
      try await connection.query("SELECT count(*) FROM \(table)").onlyRow[0].flatMap { Int64($0) } ?? 0
    let answer = try await connection.query("SELECT * FROM \(table) AS result ORDER BY result LIMIT 20")
    await connection.close()
    Terminal.print("")
    Terminal.print(
      Terminal.outputStyle.bold("\(target.connection):\(target.table)")
        + "  \(Quantity.counted(count, "row"))")
    let numeric = Set(
      answer.columns.indices.filter { [20, 21, 23, 700, 701, 1700].contains(answer.columns[$0].typeOID) })
    let cells = answer.rows.map { row in (0..<row.count).map { row[$0] ?? "∅" } }
    for line in TextTable(header: answer.columns.map(\.name), rows: cells, numeric: numeric).lines {
      Terminal.print("  " + line)
    }
    if count > 20 { Terminal.print("  and \(Quantity.count(count - 20)) more") }
    Terminal.print("")
  }

  private static func tellHowToGoOn(_ server: DemoServer, root: String) {
    let state = server.folder + "/state.db"
    let tidemark = Tool.spelling(from: root)
    let options = "--config fixtures/shop/tidemark.yaml --state \(state)"
    Terminal.print("The server goes on. What to try next, from \(root):")
    Terminal.print("  psql \"\(server.connectionString(database: "warehouse"))\"")
    Terminal.print("  export TIDEMARK_DEMO_SERVER=\"\(server.connectionString(database: "").demoServer)\"")
    Terminal.print("  \(tidemark) run month-close --for 2026-02 \(options)")
    Terminal.print("  \(tidemark) status \(options)")
    Terminal.print("  \(tidemark) plan daily-revenue --for 2026-03-14 \(options)")
    Terminal.print("To stop and remove it: \(server.stopCommand)")
  }
}

extension String {
  /// A connection string without its database, which the demo's project file adds.
  fileprivate var demoServer: String {
    split(separator: " ").filter { !$0.hasPrefix("dbname=") }.joined(separator: " ")
  }
}
