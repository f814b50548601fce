internal import Model
internal import Postgres
internal import Runtime

/// Fills a throw-away server with the demo's data: databases of a small business, made by SQL inside
/// the server, so that the client's memory stays flat whatever the size.
package struct DemoData: Sendable {
  /// The folder with the SQL files.
  private let folder: String
  /// How many order lines there are to be.
  private let rows: Int

  package static let databases = ["shop", "warehouse", "shard_eu", "shard_us"]
  package static let standardRows = 200_000

  package init(folder: String, rows: Int = DemoData.standardRows) {
    self.folder = folder
    self.rows = rows
  }

  /// Makes the databases and fills them; two connections work side by side where the steps allow.
  /// - Parameter report: told what is being made.
  /// - Throws: `Fault` of a file or the server.
  package func load(into server: DemoServer, report: @Sendable (String) -> Void) async throws {
    let admin = try await Connection.open(server.settings())
    for database in DemoData.databases {
      try await admin.execute("CREATE DATABASE \(Identifier(database))")
    }
    await admin.close()
    try await fill("shop", ["functions.sql", "schema.sql", "generate.sql"], server, report)
    for shard in ["eu", "us"] {
      try await fill("shard_\(shard)", ["functions.sql", "shard.sql"], shard: shard, server, report)
    }
    try await fill("warehouse", ["warehouse.sql"], server, report)
  }

  private func fill(
    _ database: String, _ files: [String], shard: String? = nil, _ server: DemoServer,
    _ report: @Sendable (String) -> Void
  ) async throws {
    let settings = try server.settings(database: database)
    let connection = try await prepared(settings, shard: shard)
    for file in files {
      let bytes = try FileContents.read(folder + "/" + file, atMost: .megabytes(4))
      try await connection.execute(SQLText(trusted: String(decoding: bytes, as: UTF8.self)))
    }
    let hasSteps = try await connection.query("SELECT to_regprocedure('fixture.steps()') IS NOT NULL")
      .onlyRow[0]
    var steps: [Step] = []
    if hasSteps == "t" {
      steps = try await connection.query("SELECT step, phase, title FROM fixture.steps() ORDER BY 2, 1").rows
        .map {
          Step(
            number: try $0.integer("step"), phase: try $0.integer("phase"), title: try $0.string("title"))
        }
    }
    await connection.close()
    for phase in Set(steps.map(\.phase)).sorted() {
      try await run(steps.filter { $0.phase == phase }, settings, shard: shard, database, report)
    }
  }

  private struct Step: Sendable {
    var number: Int
    var phase: Int
    var title: String
  }

  private func prepared(_ settings: ConnectionSettings, shard: String?) async throws -> Connection {
    let connection = try await Connection.open(settings)
    try await connection.query("SELECT set_config('tidemark.rows', \(SQLText.string("\(rows)")), false)")
    if let shard {
      try await connection.query("SELECT set_config('tidemark.shard', \(SQLText.string(shard)), false)")
    }
    return connection
  }

  /// The steps of one phase, over two connections.
  private func run(
    _ steps: [Step], _ settings: ConnectionSettings, shard: String?, _ database: String,
    _ report: @Sendable (String) -> Void
  ) async throws {
    let halves = [0, 1].map { half in
      steps.enumerated().filter { $0.offset % 2 == half }.map(\.element)
    }
    var reported: Set<String> = []
    for step in steps where reported.insert(step.title).inserted { report("\(database): \(step.title)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for half in halves where !half.isEmpty {
        group.addTask {
          let connection = try await prepared(settings, shard: shard)
          for step in half { try await connection.query("SELECT fixture.run_step(\(step.number))") }
          await connection.close()
        }
      }
      try await group.waitForAll()
    }
  }
}
