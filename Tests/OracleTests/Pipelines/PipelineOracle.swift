import Compute
import Expressions
import JobFiles
import Model
import Postgres
import Runtime
import Seeds

/// A Postgres session with the table `sample` and tables to look up in: feeds pipelines of Tidemark's and says what Postgres makes of
/// the same.
struct PipelineOracle {
  static let schema = [ColumnSchema(name: "id", type: .integer, isNullable: false)] + SampleColumns.schema
  static let pepper = Array("a secret of tests".utf8)

  private let connection: Connection
  private let project: ProjectFile
  private let zones: ZoneContext

  static func open(_ settings: ConnectionSettings) async throws -> PipelineOracle {
    let connection = try await Connection.open(settings)
    for statement in [SampleOracle.session] + definitions {
      try await connection.execute(SQLText(trusted: statement))
    }
    let file =
      "version: 1\nproject: test\nconnections: {db: {url: postgresql://localhost/test, search_path: public}}\n"
    let project = try ProjectFile.read(files: [("tidemark.yaml", Array(file.utf8))], root: "/tmp").get()
    return PipelineOracle(
      connection: connection, project: project,
      zones: try ZoneFiles.system.context(session: SampleOracle.zone))
  }

  func close() async { await connection.close() }

  /// What makes the empty tables and the functions in a new database.
  static let definitions: [String] = {
    let block = (pepper + [UInt8](repeating: 0, count: 64)).prefix(64)
    func pad(_ mask: UInt8) -> String {
      block.map { byte in
        let digits = String(byte ^ mask, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
      }.joined()
    }
    let pseudonym = """
      CREATE FUNCTION pseudonym(value text) RETURNS text STRICT LANGUAGE sql AS $hmac$
      SELECT encode(sha256('\\x\(pad(0x5C))'::bytea || sha256('\\x\(pad(0x36))'::bytea || convert_to(value, 'UTF8'))), 'hex')
      $hmac$
      """
    return [SampleColumns.definition, SampleSanitizing.function, pseudonym]
      + SampleLookup.all.map(\.definition)
  }()

  /// Fills all tables anew.
  func fill(_ random: inout SeededNumbers, rows: Int) async throws {
    for statement in Self.contents(&random, rows: rows) { try await connection.execute(statement) }
  }

  static func contents(_ random: inout SeededNumbers, rows: Int) -> [SQLText] {
    func list(_ values: [String?]) -> SQLText {
      "(\(values.map { $0.map(SQLText.string) ?? "NULL" }, separator: ", "))"
    }
    let sample = (0..<rows).map { list(["\($0)"] + SampleColumns.row(&random)) }
    var statements: [SQLText] = ["DELETE FROM sample; INSERT INTO sample VALUES \(sample, separator: ", ")"]
    for lookup in SampleLookup.all {
      let declarations = lookup.keys.map(\.declaration) + SampleLookup.payload.map(\.declaration)
      let rows = (0..<24).map { _ in
        list(declarations.map { random.oneIn(12) ? nil : SampleValues.value($0, &random) })
      }
      let name = Identifier(lookup.table)
      statements.append(
        "DELETE FROM \(name); INSERT INTO \(name) VALUES \(rows, separator: ", ") ON CONFLICT DO NOTHING")
    }
    return statements
  }

  // MARK: Postgres

  func postgres(_ pipeline: GeneratedPipeline) async throws -> PipelineOutcome {
    let (block, result) = PipelineSQL.make(pipeline)
    var outcome = PipelineOutcome()
    try await connection.execute("BEGIN")
    do {
      try await connection.execute(SQLText(trusted: block))
      for row in try await connection.query(
        "SELECT what, said, sum(count) FROM tally GROUP BY what, said ORDER BY said"
      ).rows {
        let (said, count) = (row[1] ?? "", Int(row[2] ?? "") ?? 0)
        switch row[0] {
        case "filtered": outcome.filtered = count
        case "dropped": outcome.dropped = count
        case "lookup": outcome.lookups.append("\(said): \(count / 1000 - count % 1000) \(count % 1000)")
        default:
          let parts = said.split(separator: " ")
          outcome.fault = parts[..<2].joined(separator: " ")
          outcome.reasons.insert(PipelineOutcome.reason(String(parts[2])))
        }
      }
      outcome.rejected = try await connection.query("SELECT said FROM rejected").rows.map { $0[0] ?? "" }
        .sorted()
      if outcome.fault == nil { outcome.result = try await computed(result, &outcome) }
    } catch let fault as Fault {
      outcome.refused = fault.cause ?? fault.sentence
    }
    try await connection.execute("ROLLBACK")
    return outcome
  }

  /// The aggregate can fault too.
  private func computed(_ query: String, _ outcome: inout PipelineOutcome) async throws -> [String] {
    do {
      return try await connection.query(SQLText(trusted: query)).rows.map { $0[0] ?? "" }.sorted()
    } catch let fault as Fault where fault.cause?.firstMatch(of: /SQLSTATE (22|0A)/) != nil {
      outcome.fault = "aggregate"
      return []
    }
  }

  // MARK: Tidemark

  /// What Tidemark makes of the pipeline.
  /// - Parameter moved: with filters moved into the query where they may be.
  func tidemark(_ pipeline: GeneratedPipeline, moved: Bool) async throws -> PipelineOutcome {
    var outcome = PipelineOutcome()
    let whole: CheckedPipeline
    do {
      whole = try checked(pipeline)
    } catch let faults as Faults {
      outcome.refused = faults.all.map { "\($0.code): \($0.sentence)" }.joined(separator: "; ")
      return outcome
    }
    let limit = ErrorRules.QuarantineLimit(maximumRows: nil, maximumSharePPM: moved ? nil : 1_000_000)
    let split = PushDown.split(whole, limits: limit, names: Set(Self.schema.map(\.name)))
    let plan = split.pipeline.fetchingOnlyUsedColumns()
    let format = CopyFormat(fetching: plan.pipeline.fetched)
    let names = plan.pipeline.fetched.map { Identifier($0.name) }
    let condition: SQLText = split.conditions.isEmpty ? "true" : "\(split.conditions, separator: " AND ")"
    let stream = try await copied(
      "COPY (SELECT \(names) FROM sample WHERE \(condition) ORDER BY id) TO STDOUT \(format.options)")
    var run = try PipelineRun(plan, format: format, lookups: try await lookups(pipeline), zones: zones)
    outcome = try run.outcome(of: stream)
    if !split.conditions.isEmpty {
      let all = try await connection.query("SELECT count(*) FROM sample").onlyRow[0].flatMap { Int($0) } ?? 0
      outcome.filtered += all - outcome.rowsRead
    }
    return outcome
  }

  private func checked(_ pipeline: GeneratedPipeline) throws -> CheckedPipeline {
    let reading = try JobFile.read(
      bytes: Array(pipeline.yaml().utf8), file: "generated.yaml", project: project
    ).get()
    let lookups = pipeline.lookups.map { lookup, take in
      LookupSchema(
        key: lookup.keySchema,
        payload: take.compactMap { pair in SampleLookup.payloadSchema.first { $0.name == pair.old } })
    }
    return try PipelineChecker(references: ReferenceScope(), lookups: lookups).check(
      steps: reading.job.steps, aggregate: reading.job.aggregate, fetched: Self.schema, rowKey: [0])
  }

  private func lookups(_ pipeline: GeneratedPipeline) async throws -> [LookupTable] {
    var tables: [LookupTable] = []
    for (lookup, take) in pipeline.lookups {
      let payload = take.compactMap { pair in SampleLookup.payloadSchema.first { $0.name == pair.old } }
      let schema = lookup.keySchema + payload
      let names = schema.map { Identifier($0.name) }
      let stream = try await copied(
        "COPY (SELECT \(names) FROM \(Identifier(lookup.table))) TO STDOUT (FORMAT binary)")
      var decoder = CopyDecoder(schema)
      try stream.withUnsafeBytes { bytes in
        var rest = bytes
        _ = try decoder.decode(&rest)
      }
      try decoder.finish()
      decoder.sealBatch()
      var builder = LookupTableBuilder(
        name: lookup.table, keys: lookup.keySchema, payload: payload, onDuplicate: .error)
      try builder.add(Batch(schema: schema, columns: decoder.columns, rows: Rows(count: decoder.count)))
      tables.append(try builder.finish())
    }
    return tables
  }

  private func copied(_ sql: SQLText) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await connection.copyOut(sql) { bytes += $0 }
    return bytes
  }
}

extension GeneratedPipeline {
  /// The lookups in their order, with what each gives.
  fileprivate var lookups: [(SampleLookup, [GeneratedStep.Pair])] {
    steps.compactMap { step in
      guard case .lookup(let table, _, let take) = step.action else { return nil }
      return (SampleLookup.all[table], take)
    }
  }
}
