package import Model

/// The chunks of a plan as they are saved before the first one starts, and read back by a resume.
///
/// The boundaries are what must not change between attempts; everything else of a plan follows
/// again from the job and the catalogue, and the fingerprint says whether it still is the same. Beside
/// them stands what a replay of rejected rows must know of the run.
package struct SavedChunks: Hashable, Sendable {
  package var chunks: [PlannedChunk]
  /// What a replay must have in common with the run; `nil` in a plan that was saved without.
  package var signature: String?
  /// What tells the keys of its `pseudonymise` steps apart; `nil` in a plan that was saved without.
  package var keyMarks: [String]?
  /// Conditions that hold for every row that was read, since Postgres carried them out.
  package var pushedDown: [SQLText]
  /// The order of the rows in the chunks' partials; `nil` in a plan that was saved without.
  package var rowOrder: [String]?

  private static let version = 1

  package init(
    chunks: [PlannedChunk], signature: String? = nil, keyMarks: [String]? = nil, pushedDown: [SQLText] = [],
    rowOrder: [String]? = nil
  ) {
    self.chunks = chunks
    self.signature = signature
    self.keyMarks = keyMarks
    self.pushedDown = pushedDown
    self.rowOrder = rowOrder
  }

  package var bytes: [UInt8] {
    let list: [JSONValue] = chunks.map { chunk in
      .object([
        .init("source", .integer(chunk.source)), .init("columns", .string(chunk.columns.text)),
        .init("relation", .string(chunk.relation.text)),
        .init("predicate", .optional(chunk.predicate?.text)), .init("range", .string(chunk.range)),
      ])
    }
    let document = JSONValue.object([
      .init("version", .integer(SavedChunks.version)), .init("signature", .optional(signature)),
      .init("key_marks", SavedChunks.list(keyMarks)),
      .init("pushed_down", .array(pushedDown.map { .string($0.text) })),
      .init("row_order", SavedChunks.list(rowOrder)),
      .init("chunks", .array(list)),
    ])
    return Array(document.text.utf8)
  }

  private static func list(_ texts: [String]?) -> JSONValue {
    texts.map { .array($0.map(JSONValue.string)) } ?? .null
  }

  /// Gives a plan that is made again what must be as it was when its chunks were read.
  package func bind(_ plan: inout Plan) {
    plan.chunks = chunks
    if let rowOrder { plan.rowOrder = rowOrder }
  }

  /// Whether each partition that a plan reads by itself has its chunks here, and no other table has any: one that was
  /// attached since would be missed, and one that was detached be read.
  package func cover(_ plan: Plan) -> Bool {
    plan.sources.indices.allSatisfy { number in
      func relations(_ chunks: [PlannedChunk]) -> Set<SQLText> {
        Set(chunks.filter { $0.source == number }.map(\.relation))
      }
      let own = relations(chunks)
      // Chunks of the whole table are of whatever it is made of.
      return own == [plan.sources[number].relation] || own == relations(plan.chunks)
    }
  }

  /// - Throws: `Fault` `bad_plan` for a plan of another version or a damaged one.
  package init(bytes: [UInt8]) throws(Fault) {
    let document = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
    guard document["version"]?.intValue == SavedChunks.version else {
      throw Fault(
        "bad_plan", .data, "The saved plan was written by another version of Tidemark",
        hint: "Run with --again to plan anew")
    }
    guard case .array(let items)? = document["chunks"] else {
      throw Fault("bad_plan", .data, "The saved plan has no list of chunks")
    }
    signature = document["signature"]?.stringValue
    pushedDown = (document["pushed_down"]?.elements ?? []).compactMap(\.stringValue).map {
      SQLText(trusted: $0)
    }
    if case .array(let marks)? = document["key_marks"] { keyMarks = marks.compactMap(\.stringValue) }
    if case .array(let names)? = document["row_order"] { rowOrder = names.compactMap(\.stringValue) }
    chunks = []
    for (number, item) in items.enumerated() {
      guard let source = item["source"]?.intValue, let columns = item["columns"]?.stringValue,
        let relation = item["relation"]?.stringValue, let range = item["range"]?.stringValue
      else { throw Fault("bad_plan", .data, "Chunk \(number) of the saved plan is incomplete") }
      chunks.append(
        PlannedChunk(
          id: ChunkID(number), source: source, columns: SQLText(trusted: columns),
          relation: SQLText(trusted: relation),
          predicate: (item["predicate"]?.stringValue).map { SQLText(trusted: $0) }, range: range))
    }
  }
}
