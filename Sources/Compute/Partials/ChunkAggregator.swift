package import Expressions
package import Model

/// Aggregates the rows of one chunk into groups, and writes them as a partial: blocks of group states in key
/// order.
///
///     for each batch: add(batch) -> .ok
///                                -> .spill(run)   take all its blocks, keep them as one input of the merge
///     finish()                   -> the rest of the partial
///
/// Runs and rest are inputs of a `PartialMerger`, which makes one of them; their number and where they were cut do
/// not change the result. Not safe to use from two threads at once.
package final class ChunkAggregator {
  private let plan: AggregatePlan
  private let memoryLimit: Int
  private let inputs: AggregateInputs
  private let keys: GroupKeys
  private let table: GroupTable
  private let states: [any Accumulator]
  private let values: [ValueTable]
  private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Column.capacity)

  /// - Parameters:
  ///   - schema: the processed columns, which the aggregate's expressions refer to.
  ///   - memoryLimit: bytes that groups may take before they are spilled.
  /// - Throws: `Fault` `unsupported_aggregate`, `not_compilable`.
  package init(
    _ aggregate: TypedAggregate, schema: [ColumnSchema], zones: ZoneContext, memoryLimit: Int
  ) throws(Fault) {
    plan = try AggregatePlan(aggregate)
    self.memoryLimit = memoryLimit
    inputs = try AggregateInputs(plan, schema: schema, zones: zones)
    keys = GroupKeys(types: plan.keyTypes, sets: aggregate.sets, knownMemory: memoryLimit / 8)
    table = GroupTable(spellingWidth: keys.spellingWidth)
    states = plan.states.map { $0.kind.makeAccumulator() }
    values = plan.streams.map { ValueTable($0) }
  }

  deinit { numbers.deallocate() }

  /// Groups held at the moment, over all grouping sets.
  package var groupCount: Int { table.count }

  /// Bytes that the groups take, and what finds them.
  package var memory: Int {
    states.reduce(table.memory + keys.memory) { $0 + $1.memory } + values.reduce(0) { $0 + $1.memory }
  }

  /// Takes the rows of a batch into their groups.
  /// - Throws: `Fault` `aggregate_fault` for a row whose key or argument cannot be computed.
  package func add(_ batch: borrowing Batch) throws(Fault) -> AddResult {
    try inputs.run(batch)
    let keyColumns = inputs.keys
    for set in keys.sets.indices {
      keys.number(keyColumns, batch.rows, set: set, in: table, into: numbers)
      for (index, state) in states.enumerated() {
        state.grow(to: table.count)
        let input = inputs.ofState(index, batch.rows)
        state.update(GroupedRows(rows: input.rows, groups: numbers), input.columns)
      }
      for (index, values) in values.enumerated() {
        let input = inputs.ofStream(index, batch.rows)
        values.update(GroupedRows(rows: input.rows, groups: numbers), input.columns)
      }
    }
    return memory > memoryLimit ? .spill(takeAll()) : .ok
  }

  /// The partial of all rows since the last spill, and an empty table once it is taken.
  package func finish() -> any BlockStream { takeAll() }

  private func takeAll() -> PartialRun { PartialRun(self) }

  /// Writes the table's groups one after another in key order, each with its values behind it.
  private final class PartialRun: BlockStream {
    private let source: ChunkAggregator
    private let writer: RecordWriter
    private let order: [UInt32]
    private let sortedValues: [ValueTable.Sorted]
    private var position = 0
    private let record = ByteWriter()
    private var isDone = false

    init(_ source: ChunkAggregator) {
      self.source = source
      writer = RecordWriter(.groups, layout: source.plan.layout)
      order = source.table.sorted()
      let count = source.table.count
      sortedValues = source.values.map { $0.sorted(groupCount: count) }
    }

    /// Values of the present group that are still to be written: stream and position.
    private var stream = 0
    private var range = 0..<0

    func next() throws(Fault) -> [UInt8]? {
      while true {
        if let block = writer.takeFull() { return block }
        if !range.isEmpty {
          writeValue()
        } else if stream > 0, stream < sortedValues.count {
          beginStream(stream)
        } else if position < order.count {
          writeGroup()
        } else {
          if let block = writer.takeLast() { return block }
          if !isDone { source.reset() }
          isDone = true
          return nil
        }
      }
    }

    private func writeGroup() {
      let group = Int(order[position])
      position += 1
      source.table.withKey(group) { key in
        writer.append(key: key) { payload in
          payload.append(source.table.spelling(group))
          for state in source.states { state.write(group, to: payload) }
        }
      }
      stream = 0
      if !sortedValues.isEmpty { beginStream(0) }
    }

    private func beginStream(_ index: Int) {
      range = sortedValues[index].range(ofGroup: Int(order[position - 1]))
      stream = index + 1
    }

    private func writeValue() {
      record.removeAll()
      source.table.withKey(Int(order[position - 1])) { record.append($0) }
      record.append(UInt8(truncatingIfNeeded: stream))
      source.values[stream - 1].write(
        range.lowerBound, of: sortedValues[stream - 1], key: record, to: writer)
      range = range.dropFirst()
    }
  }

  private func reset() {
    table.removeAll()
    for state in states { state.removeAll() }
    for values in values { values.removeAll() }
  }
}
