internal import Expressions
internal import Model
internal import Planning
internal import StateStore

/// Rejected rows on their way back into a pipeline: as SQL, so that the source's own server reads their
/// texts as the types they had, and sends them as it sent them the first time.
struct ReplayRows {
  private let page: [StoredRejection]
  private let columns: [ColumnSchema]

  /// - Throws: `Fault` `replay_misfit` where the rows were stored without a column of `columns`.
  init(_ page: [StoredRejection], columns: [ColumnSchema], run: RunID) throws(Fault) {
    self.page = page
    self.columns = columns
    guard let first = page.first else { return }
    let stored = Set(try JSONValue(parsing: first.rejection.row).members.map(\.name))
    let missing = columns.map(\.name).filter { !stored.contains($0) }
    if missing.isEmpty { return }
    throw Fault(
      "replay_misfit", .validation,
      "The rows of run \(run) in quarantine lack \(missing.map { "`\($0)`" }.joined(separator: ", ")), which the job uses now",
      cause: "Only what the job used then was fetched and kept",
      hint: "Run the interval with --again, which reads the source anew")
  }

  /// The rows that `conditions` let through, in their order.
  func copy(where conditions: [SQLText], as format: CopyFormat) -> SQLText {
    let texts: [SQLText] = columns.map { "\(Identifier($0.name)) text" }
    let typed: [SQLText] = columns.map { column in
      "\(ReplayRows.value(column)) AS \(Identifier(column.name))"
    }
    let names = columns.map { Identifier($0.name) }
    let document = "[" + page.map(\.rejection.row).joined(separator: ",") + "]"
    let filter: SQLText = conditions.isEmpty ? "" : " WHERE \(conditions, separator: " AND ")"
    return """
      COPY (SELECT \(names) FROM (SELECT \(typed) FROM \
      json_to_recordset(\(literal: .text(document), as: .json)) AS r(\(texts))) AS source\(filter)) \
      TO STDOUT \(format.options)
      """
  }

  /// What a column's text is read as. Arrays were kept as their text; other types that are only carried, and arrays of
  /// such, as the bytes of their binary form, and `bytea` sends bytes as they are; an enum's label is its binary form.
  private static func value(_ column: ColumnSchema) -> SQLText {
    let text: SQLText = "(r.\(Identifier(column.name)))"
    switch column.type {
    case .opaque(_, let name, _) where name.hasSuffix("[]"):
      return
        "CASE WHEN left(\(text), 2) = '\\x' THEN \(text)::bytea ELSE array_send(\(text)::\(type: column.type)) END"
    case .opaque: return "\(text)::bytea"
    case .enumeration: return "\(text)::text"
    default: return "\(text)::\(type: column.type)"
    }
  }
}
