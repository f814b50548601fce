package import Model
internal import Postgres

/// What fails in a target is told at its place in the job's file.
extension TablePublisher {
  /// - Throws: what `work` throws, at `place` where it points nowhere yet.
  package func pointing<Output>(at place: Place, _ work: () async throws -> Output) async throws -> Output {
    do {
      return try await work()
    } catch let fault as Fault {
      throw fault.at(place)
    }
  }

  /// Statements of the job's own, in a transaction that has begun.
  func carryOut(_ statements: [TableTarget.Statement]) async throws {
    for statement in statements {
      try await pointing(at: statement.place) { _ = try await connection.execute(statement.sql) }
    }
  }

  /// Under `merge` it would depend on chance which of two rows of one key stays.
  func refuseSharedKey(_ merge: MergeStatements, _ target: TableTarget) async throws {
    guard let sharedKey = merge.sharedKey, try await connection.query(sharedKey).onlyRow[0] == "t" else {
      return
    }
    let key = target.key.map { "`\($0)`" }.joined(separator: ", ")
    throw Fault(
      "shared_key", .data,
      "Several rows of the result have the same \(key), so `merge` cannot tell which counts",
      place: target.place,
      hint: "Name under `key` what tells rows apart, or keep one row of each in the source")
  }
}
