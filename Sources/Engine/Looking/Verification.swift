internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import Sinks
internal import StateStore

/// What came of holding one published table to Postgres's own answer.
package struct Verification: Sendable {
  package var target: String
  /// Rows that are the same, digit for digit.
  package var equal: Int
  /// Rows that are not: all of them are counted, some are shown.
  package var differing: Int
  package var differences: [Difference]
  /// What Postgres was asked.
  package var sql: String

  package struct Difference: Hashable, Sendable {
    /// `day=2026-03-14 region=EMEA`.
    package var row: String
    /// `nil` where the whole row is missing on one side.
    package var column: String?
    /// NULL is `nil` too, where `column` is known.
    package var published: String?
    package var computed: String?
    package var kind: Kind
  }

  package enum Kind: String, Hashable, Sendable {
    case value
    /// Only the target has the row.
    case surplus
    /// Only Postgres's answer has it.
    case missing
  }
}

extension PastRun {
  /// Rows that can be compared: both sides are held in memory.
  private static let limit = 1_000_000

  /// Asks Postgres for the job's result by one SELECT, and holds every table that the run published into
  /// to it. The source is read as it is now: rows changed since show as differences.
  /// - Throws: `Fault` `not_in_sql` where the job does what SQL has no exact words for; `no_table_store`;
  ///   `too_many_rows`; of the database.
  package func verify() async throws -> [Verification] {
    try await planned { plan, asker in
      let resolver = TargetResolver(
        job: request.job, context: context, references: references,
        connections: environment.project.connections, isForced: false)
      var verifications: [Verification] = []
      for (position, rule) in request.job.sinks.enumerated() {
        guard case .table(let rule) = rule else { continue }
        let target = try resolver.table(
          rule, sink: TargetResolver.name(position, .table(rule)), result: plan.result,
          resultKey: plan.resultKey)
        verifications.append(try await verify(target, plan, asker))
      }
      if verifications.isEmpty {
        throw Fault(
          "no_table_store", .validation,
          "Job \(request.job.name) stores into no table that could be verified",
          place: request.job.sinks.first?.place,
          hint: "`tidemark results \(record.id)` shows what its files hold")
      }
      return verifications
    }
  }

  private func verify(_ target: TableTarget, _ plan: Plan, _ asker: PlanAsker) async throws -> Verification {
    let connection = try await asker.connection(target.connection)
    let facts = try await connection.transaction(.reading(session)) { try await $0.tableFacts(target.table) }
    guard let facts else {
      throw Fault(
        "unknown_table", .notFound,
        "There is no table `\(target.table)` on connection `\(target.connection)`", place: target.place,
        hint: "Run \(record.id) published into it; somebody has dropped it since")
    }
    let publisher = try await asker.publisher(on: target.connection, ledger: target.ledger)
    let published = PublishedRows(
      target: target, result: plan.result, facts: facts,
      run: try await publisher.publishingRun(of: record.identity, revision: record.revision, target)
        ?? record.id)
    let limit = PastRun.limit
    let (answer, computed) = try await computed(plan, asker) { published.expected($0, limit: limit + 1) }
    let stored = try await rows(published.select(limit: limit + 1), target.connection, asker)
    if computed.count > limit || stored.count > limit {
      throw Fault(
        "too_many_rows", .resource, "More than \(limit) rows are too many to compare", place: target.place,
        hint: "Verify a job with a coarser `group_by`, or a shorter interval")
    }
    var comparison = RowComparison(
      columns: plan.result.map(\.name),
      hidden: Set(plan.result.indices.filter { plan.result[$0].isSensitive }),
      key: target.key.compactMap { name in plan.result.firstIndex { $0.name == name } })
    // Under `merge` the table holds rows of other intervals as well.
    comparison.compare(published: stored, computed: computed, ignoringSurplus: target.mode == .merge)
    return Verification(
      target: "\(target.connection):\(target.table)", equal: comparison.equal,
      differing: comparison.differing, differences: comparison.shown, sql: answer.select.text)
  }

  /// What Postgres makes of the source.
  private func computed(
    _ plan: Plan, _ asker: PlanAsker, _ form: (SQLText) -> SQLText
  ) async throws -> (EquivalentSQL, [[String?]]) {
    let answer = try EquivalentSQL(plan)
    do {
      return (answer, try await rows(form(answer.select), answer.connection, asker))
    } catch let fault as Fault where fault.kind == .data {}
    let ordered = try EquivalentSQL(plan, inOrder: true)
    do {
      return (ordered, try await rows(form(ordered.select), ordered.connection, asker))
    } catch let fault as Fault where fault.kind == .data {
      guard let step = ordered.tolerantStep else { throw fault }
      throw Fault(
        "not_in_sql", .validation,
        "A row faults in the step \"\(step.name)\", or behind it, and has no answer in SQL",
        place: step.place, cause: fault.cause,
        hint: "In Postgres one bad value ends the statement; here `on_fail` says what becomes of its row")
    }
  }

  private func rows(_ sql: SQLText, _ name: String, _ asker: PlanAsker) async throws -> [[String?]] {
    let connection = try await asker.connection(name)
    return try await connection.transaction(.reading(session)) { connection in
      try await connection.query(sql).rows.map { row in (0..<row.count).map { row[$0] } }
    }
  }
}
