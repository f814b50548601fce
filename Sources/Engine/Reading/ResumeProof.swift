internal import Model
internal import Planning
internal import Postgres

/// What a checkpoint keeps so that a later attempt can prove its chunk untouched, and the proof.
///
/// A chunk is untouched if, over its own predicate and in the new snapshot, it has as many rows as
/// were read, and every one was written by a transaction that had ended before the old snapshot's
/// oldest running one. The second is stricter than need be: rows of transactions that ended while
/// others ran fail it too, and so do sub-transactions, whose numbers a snapshot does not list.
/// Failing only costs reading again; passing wrongly would cost a wrong number.
///
/// All of it holds of a server whose history goes on from where it was: one that has gone back to an earlier place has
/// older rows where changed ones were, and numbers transactions a second time.
struct ResumeProof {
  /// `pg_current_snapshot()` of the transaction that the chunk was read in.
  var snapshot: String
  var rows: Int64
  /// File nodes of the heaps; a rewrite changes them.
  var fileNodes: [String: UInt32]
  var database: String
  /// `nil` of a server that did not say.
  var place: ServerPlace?

  var json: JSONValue {
    .object([
      .init("snapshot", .string(snapshot)), .init("rows", .integer(rows)),
      .init("database", .string(database)),
      .init(
        "file_nodes",
        .object(fileNodes.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) })),
      .init("timeline", place?.timeline.map(JSONValue.string) ?? .null),
      .init("log", place.map { .integer($0.log) } ?? .null),
    ])
  }

  init(
    snapshot: String, rows: Int64, fileNodes: [String: UInt32], database: String, place: ServerPlace?
  ) {
    self.snapshot = snapshot
    self.rows = rows
    self.fileNodes = fileNodes
    self.database = database
    self.place = place
  }

  /// `nil` for what is no proof: it then proves nothing.
  init?(json: JSONValue) {
    guard let snapshot = json["snapshot"]?.stringValue, let rows = json["rows"]?.intValue,
      let database = json["database"]?.stringValue
    else { return nil }
    self.snapshot = snapshot
    self.rows = Int64(rows)
    self.database = database
    place = json["log"]?.intValue.map {
      ServerPlace(timeline: json["timeline"]?.stringValue, log: Int64($0))
    }
    fileNodes = [:]
    for member in json["file_nodes"]?.members ?? [] {
      fileNodes[member.name] = member.value.intValue.flatMap(UInt32.init(exactly:))
    }
  }

  /// The oldest transaction that was running when the chunk was read.
  private var horizon: UInt64? {
    snapshot.split(separator: ":").first.flatMap { UInt64($0) }
  }

  /// Two numbers of the chunk in the current snapshot: its rows, and those that may be newer than
  /// the saved snapshot. `xmin` has 32 bits; the upper ones follow from the newest transaction.
  func query(_ chunk: PlannedChunk) -> SQLText? {
    guard let horizon else { return nil }
    let condition: SQLText = chunk.predicate.map { " WHERE \($0)" } ?? ""
    return """
      SELECT count(*), count(*) FILTER (WHERE x >= 3 AND \
      (CASE WHEN now_high + x > now_full THEN now_high + x - 4294967296 ELSE now_high + x END) >= \(horizon)) \
      FROM (SELECT xmin::text::bigint AS x FROM \(chunk.relation)\(condition)) AS chunk, \
      (SELECT newest AS now_full, (newest >> 32) << 32 AS now_high FROM \
      (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS newest) AS n) AS moment
      """
  }

  /// Why a server cannot tell what has changed since; `nil` if it can.
  /// - Parameters:
  ///   - snapshot: the present one.
  ///   - place: the present one.
  func doubt(_ snapshot: String, _ place: ServerPlace?) -> String? {
    let back = "the server has gone back in time, as one put back from a copy"
    guard let before = Self.next(snapshot: self.snapshot), let now = Self.next(snapshot: snapshot) else {
      return "the proof gave no numbers"
    }
    if now < before { return back }
    // By an earlier version, or a server that does not say.
    guard let then = self.place else { return nil }
    guard let place, place.timeline == then.timeline else {
      return "the server was recovered, or another one has taken its place"
    }
    return place.log < then.log ? back : nil
  }

  /// The first transaction that a snapshot knows nothing of.
  private static func next(snapshot: String) -> UInt64? {
    snapshot.split(separator: ":").dropFirst().first.flatMap { UInt64($0) }
  }

  /// Why the chunk must be read again; `nil` if it is proved untouched.
  func doubt(_ answer: QueryResult) throws(Fault) -> String? {
    let row = try answer.onlyRow
    guard let count = row[0].flatMap({ Int64($0) }), let newer = row[1].flatMap({ Int64($0) }) else {
      return "the proof gave no numbers"
    }
    if count != rows { return "it has \(count) rows now and had \(rows)" }
    if newer > 0 { return "\(newer) of its rows may have changed since" }
    return nil
  }
}
