internal import Model
internal import Planning
internal import Postgres

/// A source is not what the plan was made by: the plan must be made anew.
struct AlteredSource: Error {
  let fault: Fault

  init(_ source: PlannedSource) {
    fault = Fault(
      "source_altered", .resource,
      "Source `\(source.name)` was altered, or rewritten, after the run was planned (connection `\(source.connection)`)",
      hint: "It is planned anew; run it again when the changes are through", isTransient: true)
  }
}

extension PlannedSource {
  /// Asks once more what the plan was made by, behind the locks that keep it so.
  ///
  /// Between planning and the snapshot anybody may alter a table: for hours, where the run waits for a load or for a
  /// server. Rows come in the form of the planned types, and what one type has written another one of the same length
  /// would take for its own.
  /// - Throws: `AlteredSource`.
  func check(under holder: SnapshotHolder) async throws {
    for (question, answer) in said {
      do {
        if try await holder.ask({ try await $0.says(answer, to: question) }) { continue }
      } catch let fault as Fault where fault.kind == .validation || fault.kind == .notFound {
        // Planning tells what is missing, and where in the job.
      }
      throw AlteredSource(self)
    }
  }
}

extension Connection {
  /// Whether a question about a source still has this answer.
  fileprivate func says(_ answer: PlanAnswer, to question: PlanQuestion) async throws -> Bool {
    switch (question, answer) {
    case (.relation(_, let table, _), .relation(let facts)):
      return try await tableFacts(table)?.form == facts.form
    case (.columns(_, let sql, _), .columns(let columns)): return try await describe(sql) == columns
    default: return true
    }
  }
}
