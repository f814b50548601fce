internal import Compute
internal import Expressions
internal import Formats
internal import Model
internal import Planning
internal import Runtime
internal import StateStore

/// The rows of a run's result, as texts, in the result's order.
package struct PastResult: Sendable {
  package var columns: [Column]
  /// Positions of the columns that make a row unique; empty where nothing does.
  package var key: [Int]
  package var rows: [[String?]]
  /// Rows that were left out, over the limit.
  package var more: Int64

  package struct Column: Hashable, Sendable {
    package var name: String
    package var isNumber: Bool
    /// Not to be shown.
    package var isSensitive: Bool
  }
}

extension PastRun {
  /// Merges the run's partials once more, from the state store alone; no row is read from the source.
  /// - Parameter limit: how many rows are kept.
  /// - Throws: `Fault` `partials_purged`; `result_misfit` where the job has changed too much since.
  package func result(limit: Int) async throws -> PastResult {
    let store = environment.store
    let origin = try await ReplayOrigin(record.id, in: store)
    let finished = try await store.finishedChunks(of: record.id)
    return try await planned { plan, _ in
      guard PlanMarks.signature(plan, zone: context.zone.name) == origin.saved.signature else {
        throw Fault(
          "result_misfit", .validation,
          "The job aggregates otherwise than run \(record.id) did, so its partials cannot be read",
          place: request.job.aggregate?.place,
          hint: "Read the published table, or look at it with the job file as it was")
      }
      var plan = plan
      origin.saved.bind(&plan)
      let zones = try environment.zones.context(session: context.zone.name)
      let inputs = finished.map { ChunkRun($0, of: record.id, in: store) }
      let stream = try ChunkWork.merge(plan, zones: zones, inputs: inputs.count)
      var result = PastResult(plan)
      do {
        try await stream.forEachBatch(of: inputs) { result.take($0, limit: limit) }
      } catch let damaged as DamagedChunk {
        throw damaged.fault
      }
      return result
    }
  }
}

extension PastResult {
  fileprivate init(_ plan: Plan) {
    columns = plan.result.map {
      Column(name: $0.name, isNumber: $0.type.isNumber, isSensitive: $0.isSensitive)
    }
    key = plan.resultKey.compactMap { name in plan.result.firstIndex { $0.name == name } }
    rows = []
    more = 0
  }

  fileprivate mutating func take(_ batch: borrowing Batch, limit: Int) {
    for position in 0..<batch.rows.count {
      if rows.count == limit {
        more += Int64(batch.rows.count - position)
        return
      }
      let row = batch.rows[position]
      rows.append(
        zip(batch.columns, batch.schema).map { column, schema in column.postgresText(row, as: schema.type) })
    }
  }
}
