package import Model

/// Whether a result fits a table that is already there, judged before a row is read.
package struct TargetFit: Hashable, Sendable {
  /// True where the binary form of every result column is the target column's own, so that rows
  /// may be copied straight in; otherwise they go through a staging table and are cast.
  package var isDirect: Bool

  /// - Throws: `Faults` with one `target_misfit` fault a column that is missing, generated, of
  ///   another type, or required and not given.
  package init(target: TableTarget, facts: TableFacts, result: [ColumnSchema]) throws(Faults) {
    var faults: [Fault] = []
    func misfit(_ sentence: String, hint: String? = nil) {
      faults.append(Fault("target_misfit", .validation, sentence, place: target.place, hint: hint))
    }
    if facts.kind != .table && facts.kind != .partitioned {
      misfit(
        "`\(target.table)` is a \(facts.kind.shown), which cannot be written to",
        hint: "Name a table, or another one that `create: true` makes")
    }
    var isDirect = target.mode != .merge && target.mode != .append
    var needed = result.map { ($0.name, Optional($0.type)) }
    if target.mode == .append { needed.append((runIDColumn, nil)) }
    for (name, type) in needed {
      guard let column = facts.columns.first(where: { $0.name == name }) else {
        let names = facts.columns.map(\.name)
        misfit(
          "`\(target.table)` has no column `\(name)`",
          hint: name == runIDColumn
            ? "Mode `append` keeps the run's id: ALTER TABLE \(target.table) ADD COLUMN \(runIDColumn) text"
            : DidYouMean.hint(for: name, among: names) ?? "It has \(names.joined(separator: ", "))")
        continue
      }
      if column.isGenerated {
        misfit(
          "Column `\(name)` of `\(target.table)` is generated and cannot be written",
          hint: "Leave it out of the result, or make it an ordinary column")
      }
      if target.mode == .merge, target.key.contains(name), column.collation == .nondeterministic {
        misfit(
          "Key column `\(name)` of `\(target.table)` has a nondeterministic collation, under which several keys are one",
          hint: "Merge by a column with a deterministic collation, or store by another mode")
      }
      guard let type else { continue }
      if !TargetFit.canAssign(type, to: column.type) {
        misfit(
          "Column `\(name)` of `\(target.table)` is \(column.type.sqlName), the result's is \(type.sqlName)",
          hint: type.isComputed && column.type.isComputed
            ? "Cast it where the job makes it, or give the column the result's type"
            : TargetFit.hint(takingAsText: name, or: "Give both the same type"))
      }
      if !type.isLike(column.type) { isDirect = false }
    }
    let given = Set(needed.map(\.0))
    for column in facts.columns
    where !column.isNullable && !column.hasDefault && !column.isGenerated && !given.contains(column.name) {
      misfit(
        "Column `\(column.name)` of `\(target.table)` is NOT NULL without a default, and the result has no such column",
        hint: "Let the result have it, or give the column a default"
      )
    }
    if !faults.isEmpty { throw Faults(faults) }
    self.isDirect = isDirect
  }

  /// Postgres's assignment casts among the types that a result may have, less those that can
  /// lose digits unseen (numeric to float is one Postgres allows and Tidemark does not).
  static func canAssign(_ from: SQLType, to: SQLType) -> Bool {
    let from = from.base
    let to = to.base
    if from.isLike(to) { return true }
    switch (from, to) {
    case (.smallint, .integer), (.smallint, .bigint), (.integer, .bigint): return true
    // Narrowing faults where a value does not fit; it never wraps.
    case (.integer, .smallint), (.bigint, .smallint), (.bigint, .integer): return true
    case (.smallint, .numeric), (.integer, .numeric), (.bigint, .numeric): return true
    case (.real, .double): return true
    case (.date, .timestamp), (.date, .timestamptz): return true
    case (.enumeration, .text), (.enumeration, .varchar): return true
    default: return isText(from) && isText(to)
    }
  }

  /// What is left for a column that is only carried, and that a store does not take.
  /// - Parameter other: what else may be done.
  package static func hint(takingAsText name: String, or other: String? = nil) -> String {
    (other.map { "\($0), or let" } ?? "Let")
      + " Postgres write it as text: `add_columns: {\(name)_text: \(name)::text}`"
  }

  /// One of the texts, which have one form in COPY.
  static func isText(_ type: SQLType) -> Bool { type.isText || type.isCarriedText }
}
