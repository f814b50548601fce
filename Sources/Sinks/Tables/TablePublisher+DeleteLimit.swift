internal import Model
internal import Postgres

/// `max_delete`: how many of the rows that a publish deletes may be missing when it is done.
///
/// Rows that come back are none: an interval that is made again deletes all that it has and puts it back. They are told
/// by the sink's key; without one only their number is.
struct DeleteLimit {
  let most: Double
  /// The rows of which `most` is a share; `nil` where it is a number of its own.
  let whole: Int64?
}

extension TablePublisher {
  /// To be asked before rows are deleted.
  func deleteLimit(_ target: TableTarget, _ statements: PublishStatements) async throws -> DeleteLimit? {
    switch target.maxDelete {
    case nil: return nil
    case .rows(let rows)?: return DeleteLimit(most: Double(rows), whole: nil)
    case .percent(let percent)?:
      let whole = try await connection.query(statements.countInScope).onlyRow.integer("count", as: Int64.self)
      return DeleteLimit(most: Double(whole) * percent / 100, whole: whole)
    }
  }

  /// Carries `delete` out, and keeps the keys of the rows that go.
  func deleteAside(_ delete: SQLText, _ statements: PublishStatements) async throws -> Int64 {
    try await connection.execute(statements.createRemoved)
    return Int64(try await connection.execute(statements.deleteAside(delete)))
  }

  /// - Throws: `Fault` `too_many_deletes`.
  func refuseLosses(_ ready: Ready, written: Int64) async throws {
    guard let limit = ready.limit else { return }
    let target = ready.publication.target
    var lost = max(0, ready.deleted - written)
    if !target.key.isEmpty {
      lost = try await connection.query(ready.statements.countLost).onlyRow.integer("count", as: Int64.self)
      try await connection.execute(ready.statements.dropRemoved)
    }
    guard Double(lost) > limit.most else { return }
    throw Fault(
      "too_many_deletes", .check,
      "Publishing would delete \(lost)\(limit.whole.map { " of \($0)" } ?? "") rows of `\(target.table)` that it does not put back, more than `max_delete` allows",
      place: target.place, hint: "Nothing was changed; raise `max_delete` if that many are meant")
  }
}

extension PublishStatements {
  private static let removed = QualifiedName("pg_temp", "tidemark_removed")

  private var keys: SQLText {
    let names: [SQLText] = target.key.map { "\(Identifier($0))" }
    return "\(names, separator: ", ")"
  }

  fileprivate var createRemoved: SQLText {
    """
    CREATE TEMPORARY TABLE \(Self.removed.name) ON COMMIT DROP AS SELECT \(keys) FROM \(target.table) WITH NO DATA
    """
  }

  fileprivate func deleteAside(_ delete: SQLText) -> SQLText {
    "WITH gone AS (\(delete) RETURNING \(keys)) INSERT INTO \(Self.removed) SELECT \(keys) FROM gone"
  }

  /// Takes NULLs of a key as equal, as all that goes by keys does.
  fileprivate var countLost: SQLText {
    """
    SELECT count(*) AS count FROM (SELECT \(keys) FROM \(Self.removed) \
    EXCEPT ALL SELECT \(keys) FROM \(target.table) WHERE \(condition(replaced))) AS lost
    """
  }

  fileprivate var dropRemoved: SQLText { "DROP TABLE \(Self.removed)" }
}
