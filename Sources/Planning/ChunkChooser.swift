internal import Model

/// Chooses a `ChunkChoice` for one source.
struct ChunkChooser {
  /// Rows a chunk holds where the job does not say: large enough that its checkpoint, and groups that come again
  /// in every chunk, cost little beside it; small enough that a crash loses seconds.
  static let usualRows = 250_000.0...1_000_000.0
  /// Of fewer chunks the last ones would leave connections idle for long.
  static let usualChunks = 8.0
  /// More chunks than this cost more in the plan than they save.
  static let maximumChunks = 4096

  var rule: ChunkRule
  var consistency: Source.Consistency
  var server: ServerFacts
  /// `nil` for a query.
  var table: TableFacts?
  var estimate: QueryEstimate
  var sourceName: String

  func choose() throws(Fault) -> ChunkChoice {
    switch rule.kind {
    case .auto: return try automatic()
    case .none: return .none(reason: "the job asks for one chunk")
    case .key: return try keyed(by: rule.columns, reason: "the job names the key")
    case .ctid: return try pages(reason: "the job asks for page ranges")
    case .partition: return try partitions()
    case .time:
      guard let column = rule.columns.first, let span = rule.span else {
        throw .timeChunksWithoutSpan(at: rule.place)
      }
      return .time(column, span: span, reason: "the job asks for time windows")
    }
  }

  /// How many of a source's `rows` a chunk holds, and why.
  private func chunkSize(of rows: Double) -> (rows: Double, reason: String) {
    let share = rows / Self.usualChunks
    let (wanted, reason): (Double, String) =
      if let asked = rule.rows {
        (Double(asked), "as the job asks")
      } else if share < Self.usualRows.lowerBound {
        (Self.usualRows.lowerBound, "the least that pays")
      } else if share > Self.usualRows.upperBound {
        (Self.usualRows.upperBound, "the most that a crash should lose")
      } else {
        (share, "an eighth of the source")
      }
    let least = rows / Double(Self.maximumChunks)
    return wanted < least
      ? (least, "since there are \(Self.maximumChunks) chunks at most") : (wanted, reason)
  }

  /// What a reason says of the size: `; about 750000 rows each, an eighth of the source`.
  private func sizeText(of rows: Double) -> String {
    let size = chunkSize(of: rows)
    return "; about \(Self.count(size.rows)) rows each, \(size.reason)"
  }

  private func automatic() throws(Fault) -> ChunkChoice {
    if !rule.columns.isEmpty { return try keyed(by: rule.columns, reason: "the job names the columns") }
    guard let table else {
      return .none(reason: "a query has no key of its own; name one with `chunk: {by: key, column: ...}`")
    }
    if isSmall(table) {
      return .none(reason: "about \(Self.count(estimate.rows)) rows are one chunk's worth")
    }
    switch table.kind {
    case .view: return .none(reason: "a view has no pages and no key of its own")
    case .foreign: return .none(reason: "a foreign table has no pages here")
    case .partitioned:
      if consistency == .snapshot, server.version >= 140_000 {
        return .partitions(
          perChunk: pagesPerChunk(of: table),
          reason: "page ranges of each partition" + sizeText(of: heapRows(of: table)))
      }
      return .partitions(perChunk: nil, reason: "one chunk a partition")
    case .table, .materialized:
      if let index = usedIndex(of: table) {
        return try keyed(
          by: [index.columns[0].name], reason: "the server reads it by the index \(index.name)")
      }
      if consistency == .snapshot, server.version >= 140_000, table.isHeap {
        return try pages(reason: "one heap under one snapshot is read by page ranges")
      }
      if let unique = table.indexes.first(where: { $0.isPrimary }) ?? table.indexes.first(where: \.isUnique) {
        return try keyed(by: unique.columns.map(\.name), reason: "the unique index \(unique.name) orders it")
      }
      return .none(reason: "no unique index orders it, and page ranges need a snapshot and server 14")
    }
  }

  /// Small means that all of it is read as one chunk, or that the pages are few even where the
  /// statistics are missing.
  private func isSmall(_ table: TableFacts) -> Bool {
    let pages = Self.pages(of: table)
    let isHeapKind = table.kind != .view && table.kind != .foreign
    if isHeapKind, rule.rows == nil, pages < 256 { return true }
    return estimate.rows <= chunkSize(of: estimate.rows).rows
      && estimate.scans.allSatisfy { $0.node != "Seq Scan" || pages < 8192 }
  }

  private func usedIndex(of table: TableFacts) -> TableFacts.Index? {
    guard !estimate.scans.contains(where: { $0.node == "Seq Scan" }) else { return nil }
    for scan in estimate.scans {
      if let name = scan.index, let index = table.indexes.first(where: { $0.name == name }) {
        return index
      }
    }
    return nil
  }

  private static func pages(of table: TableFacts) -> Int64 {
    table.kind == .partitioned ? table.partitions.map(\.pages).reduce(0, +) : table.pages
  }

  /// All rows of the heap, not only those that the filter keeps: each page is read anyway.
  private func heapRows(of table: TableFacts) -> Double {
    let guess =
      table.kind == .partitioned
      ? table.partitions.map { max($0.estimatedRows, 0) }.reduce(0, +) : table.estimatedRows
    return guess > 0 ? guess : Double(Self.pages(of: table)) * 60
  }

  private func pagesPerChunk(of table: TableFacts) -> Int64 {
    let (pages, rows) = (Self.pages(of: table), heapRows(of: table))
    let rowsPerPage = max(rows / Double(max(pages, 1)), 0.01)
    let perChunk = Int64((chunkSize(of: rows).rows / rowsPerPage).rounded(.up))
    let least = pages / Int64(Self.maximumChunks) + 1
    return max(perChunk, least, 1)
  }

  private func pages(reason: String) throws(Fault) -> ChunkChoice {
    guard let table, table.kind == .table || table.kind == .materialized, table.isHeap else {
      throw Fault(
        "bad_chunk", .validation, "Page ranges need a table with a heap of its own", place: rule.place,
        hint: "Use `by: key` with a column, `by: partition` or `by: auto`")
    }
    guard consistency == .snapshot else {
      throw Fault(
        "bad_chunk", .validation, "Page ranges need `consistency: snapshot`, since rows move between pages",
        place: rule.place)
    }
    guard server.version >= 140_000 else {
      throw Fault(
        "bad_chunk", .validation,
        "Page ranges need Postgres 14 or later; this server is \(server.version / 10_000)",
        place: rule.place, hint: "Use `by: key`")
    }
    return .pages(perChunk: pagesPerChunk(of: table), reason: reason + sizeText(of: heapRows(of: table)))
  }

  private func partitions() throws(Fault) -> ChunkChoice {
    guard let table, table.kind == .partitioned else {
      throw Fault(
        "bad_chunk", .validation, "`by: partition` needs a partitioned table", place: rule.place)
    }
    return .partitions(perChunk: nil, reason: "the job asks for one chunk a partition")
  }

  private func keyed(by columns: [String], reason: String) throws(Fault) -> ChunkChoice {
    if columns.isEmpty { throw .keyChunksWithoutColumn(at: rule.place) }
    let chunks = Int((estimate.rows / chunkSize(of: estimate.rows).rows).rounded(.up))
    if chunks <= 1, rule.rows == nil {
      return .none(reason: "about \(Self.count(estimate.rows)) rows are one chunk's worth")
    }
    var sample: Double?
    if let table, table.kind == .table || table.kind == .materialized, table.isHeap,
      table.pages > 20_000
    {
      // About 4,000 pages are enough for boundaries, whatever the table's size.
      sample = min(100, 400_000 / Double(table.pages))
    }
    return .key(
      columns, chunks: max(chunks, 1), samplePercent: sample,
      reason: reason + sizeText(of: estimate.rows))
  }

  static func count(_ rows: Double) -> String {
    "\(Int64(estimate: rows))"
  }
}
