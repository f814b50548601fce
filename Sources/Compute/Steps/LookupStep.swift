internal import Expressions
internal import Model

/// `lookup`: finds each row's key in a shared table and takes columns from there.
final class LookupStep: StepRunner {
  let columns: [Column]
  private(set) var counts: LookupCounts
  private let table: LookupTable
  private let inputs: [Column]
  private let facts: StepFacts
  private let lookup: TypedStep.LookupStep
  private let schema: [ColumnSchema]
  private let match: [Column]
  private let taken: [(payload: Int, column: Column)]
  /// Row of the table per row of the batch; -1 for none.
  private let found: UnsafeMutablePointer<Int32>
  private let missing = Selection()
  private let remaining = Selection()

  init(
    _ lookup: TypedStep.LookupStep, _ step: TypedStep, table: LookupTable, columns: [Column]
  ) throws(Fault) {
    self.lookup = lookup
    self.table = table
    counts = LookupCounts(lookup: table.name)
    inputs = columns
    schema = step.columnsBefore
    facts = StepFacts(name: step.name, place: step.place, decidingKey: "on_missing")
    match = lookup.match.map { columns[$0] }
    for (key, column) in zip(table.keys, match) where ColumnForm(key.type) != column.form {
      throw Fault(
        "lookup_type", .config,
        "The lookup's key \(key.name) is \(key.type.sqlName), the row's column is \(column.type.sqlName)",
        place: step.place, hint: "Cast one side in the lookup's query or in a derive step")
    }
    var outputs = columns
    var taken: [(payload: Int, column: Column)] = []
    for take in lookup.take {
      let column = Column(table.payload[take.payload].type)
      taken.append((take.payload, column))
      if take.into == outputs.count { outputs.append(column) } else { outputs[take.into] = column }
    }
    self.taken = taken
    self.columns = outputs
    found = .allocate(capacity: Column.capacity)
    found.initialize(repeating: -1, count: Column.capacity)
  }

  deinit { found.deallocate() }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    table.find(match, rows, into: found)
    missing.take(rows) { found[$0] < 0 }
    counts.hits += Int64(rows.count - missing.count)
    counts.misses += Int64(missing.count)
    for (payload, column) in taken {
      column.clear()
      guard table.copy(payload: payload, rows, found, to: column) else {
        throw facts.batchTooLarge(hint: "Take shorter values, or join in the source's query")
      }
    }
    guard missing.count > 0, lookup.onMissing != .keep else { return rows }
    judge.beginStep()
    for position in 0..<missing.count {
      let row = Int(missing.indices[position])
      try judge.refuse(row, step: facts, onFail: lookup.onMissing, broken: [broken(row)])
    }
    return judge.remaining(rows, in: remaining)
  }

  /// Counts rows of the present batch apart, which came through this step and then into quarantine.
  func noteQuarantined(_ rows: ArraySlice<Int>) {
    for row in rows {
      if found[row] < 0 { counts.quarantinedMisses += 1 } else { counts.quarantinedHits += 1 }
    }
  }

  private func broken(_ row: Int) -> Rejection.BrokenRule {
    Rejection.BrokenRule(
      rule: facts.name, reason: "lookup_missing",
      detail: "the lookup has no row for \(ValueText.list(lookup.match, schema, inputs, row))")
  }
}
