internal import Compute
internal import Formats
internal import Model
internal import Planning
internal import Postgres

/// Loads a run's lookup tables, each once, to be shared by all workers.
struct LookupLoader {
  private let asker: PlanAsker
  private let root: String
  private let session: SessionSettings

  struct Loaded {
    var tables: [LookupTable]
    /// Of the contents, for the plan's fingerprint.
    var hashes: [String] { tables.map { String($0.contentHash, radix: 16) } }
  }

  init(asker: PlanAsker, root: String, session: SessionSettings) {
    self.asker = asker
    self.root = root
    self.session = session
  }

  /// - Parameter report: told each step's name and row count.
  /// - Throws: `Fault` `lookup_too_large`, `lookup_duplicate_key`, or of the database or file.
  func load(
    _ lookups: [PlannedLookup], report: (String, Int) -> Void
  ) async throws -> Loaded {
    var tables: [LookupTable] = []
    for lookup in lookups {
      let table: LookupTable
      do {
        table = try await load(lookup)
      } catch var fault as Fault {
        fault.place = fault.place ?? lookup.place
        throw fault
      }
      report(lookup.step, table.rowCount)
      tables.append(table)
    }
    return Loaded(tables: tables)
  }

  private func load(_ lookup: PlannedLookup) async throws -> LookupTable {
    switch lookup.origin {
    case .query(let connection, let sql): try await load(lookup, sql, on: connection)
    case .file(let path, let columns): try LookupFile(path, root: root).load(lookup, columns: columns)
    }
  }

  private func load(_ lookup: PlannedLookup, _ sql: SQLText, on name: String) async throws -> LookupTable {
    let connection = try await asker.connection(name)
    let receiver = LookupReceiver(lookup)
    try await connection.transaction(.reading(session)) { connection in
      try await connection.copyOut("COPY (\(sql)) TO STDOUT (FORMAT binary)") { try receiver.add($0) }
    }
    return try receiver.finish()
  }
}

/// Builds a lookup table out of COPY bytes.
///
/// Sendable only so that it may cross to the connection's thread and back: `add` is called there
/// while the loader waits, `finish` by the loader afterwards.
private final class LookupReceiver: @unchecked Sendable {
  private let schema: [ColumnSchema]
  private var decoder: CopyDecoder
  private var builder: LookupTableBuilder?

  init(_ lookup: PlannedLookup) {
    schema = lookup.key + lookup.payload
    decoder = CopyDecoder(schema)
    builder = LookupTableBuilder(
      name: lookup.step, keys: lookup.key, payload: lookup.payload, onDuplicate: lookup.onDuplicate,
      maximumRows: lookup.maximumRows)
  }

  func add(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while try decoder.decode(&rest) == .full { try flush() }
  }

  private func flush() throws(Fault) {
    guard decoder.count > 0 else { return }
    decoder.sealBatch()
    try builder?.add(Batch(schema: schema, columns: decoder.columns, rows: Rows(count: decoder.count)))
    decoder.startBatch()
  }

  func finish() throws(Fault) -> LookupTable {
    try decoder.finish()
    try flush()
    guard let built = builder.take() else {
      throw Fault("internal", .internal, "A lookup was finished twice")
    }
    return try built.finish()
  }
}
