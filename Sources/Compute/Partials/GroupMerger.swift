package import Expressions
package import Model

/// Merges partials into the final groups: a stream of result rows in the order of the group keys (the number of
/// the grouping set first), NULLs last.
///
/// Holds one block of each input and one batch of groups, however many groups there are. States of equal keys
/// are merged; `having` and the outputs are computed over batches of group rows. Where a grouping set has no
/// keys and no row came, it still gives its one row.
package final class GroupMerger: ResultStream {
  private let plan: AggregatePlan
  private let schema: [ColumnSchema]
  private let merge: RecordMerge
  private let keys: GroupKeys
  private let states: [any Accumulator]
  private let values: GroupValues
  /// Keys, calls, groupings: what outputs refer to.
  private let groupRow: [Column]
  private let having: Program?
  private let outputs: Program
  /// Per grouping set: where its keys go.
  private let keyTargets: [KeyTarget]
  private let selection = Selection()
  /// Inputs beyond those of the caller: the empty groups of sets without keys.
  private let callerInputs: Int

  /// Groups in the present batch; the last one may still grow.
  private var count = 0
  /// Groups that have states.
  private var grown = 0
  /// Bytes of their states, as they were stored.
  private var stateBytes = 0
  private let currentKey = ByteWriter()
  private let currentSpelling = ByteWriter()
  /// The record that did not fit into the last batch still waits to be taken.
  private var isRecordWaiting = false
  private var isDone = false

  /// Where the keys of one grouping set go in the group row.
  private final class KeyTarget {
    let layout: KeyLayout
    let columns: [Column]
    /// Keys that are not in the set, which are NULL.
    let absent: [Column]
    /// What `grouping()` is: the first argument is the highest bit; 1 means that the key is not in the set.
    let groupings: [(column: Column, bits: Int64)]

    init(_ keys: [Int], _ layout: KeyLayout, aggregate: TypedAggregate, groupRow: [Column]) {
      self.layout = layout
      columns = keys.map { groupRow[$0] }
      let keyCount = aggregate.keys.count
      absent = (0..<keyCount).filter { !keys.contains($0) }.map { groupRow[$0] }
      let first = keyCount + aggregate.calls.count
      groupings = aggregate.groupings.enumerated().map { index, arguments in
        (groupRow[first + index], arguments.reduce(Int64(0)) { $0 << 1 | (keys.contains($1) ? 0 : 1) })
      }
    }
  }

  /// - Parameter inputs: how many sequences of blocks there are; each partial or spilled run is one.
  /// - Throws: `Fault` `unsupported_aggregate`, `not_compilable`.
  package init(_ aggregate: TypedAggregate, zones: ZoneContext, inputs: Int) throws(Fault) {
    let plan = try AggregatePlan(aggregate)
    self.plan = plan
    schema = aggregate.outputs.map { ColumnSchema(name: $0.name, type: $0.expression.type) }
    callerInputs = inputs
    keys = GroupKeys(types: plan.keyTypes, sets: aggregate.sets)
    let states = plan.states.map { $0.kind.makeAccumulator() }
    self.states = states
    let rowSchema =
      aggregate.keys.map { ColumnSchema(name: $0.name, type: $0.expression.type) }
      + aggregate.calls.map { ColumnSchema(name: $0.function.rawValue, type: $0.type) }
      + aggregate.groupings.map { _ in ColumnSchema(name: "grouping", type: .integer) }
    let groupRow = rowSchema.map { Column($0.type) }
    self.groupRow = groupRow
    values = try GroupValues(plan, states: states, groupRow: groupRow)
    keyTargets = keys.sets.map { KeyTarget($0.keys, $0.layout, aggregate: aggregate, groupRow: groupRow) }
    having = try aggregate.having.map { expression throws(Fault) in
      try Program([expression], schema: rowSchema, zones: zones)
    }
    outputs = try Program(aggregate.outputs.map(\.expression), schema: rowSchema, zones: zones)
    let emptySets = aggregate.sets.indices.filter { aggregate.sets[$0].isEmpty }
    merge = RecordMerge(inputs: inputs + (emptySets.isEmpty ? 0 : 1), kind: .groups, layout: plan.layout)
    if !emptySets.isEmpty { try offerEmptyGroups(of: emptySets) }
  }

  private func offerEmptyGroups(of sets: [Int]) throws(Fault) {
    let writer = RecordWriter(.groups, layout: plan.layout)
    for state in states { state.grow(to: 1) }
    for set in sets {
      keys.emptyKey(ofSet: set).withUnsafeBufferPointer { key in
        writer.append(key: key) { payload in
          payload.append(zeros: keys.spellingWidth)
          for state in states { state.write(0, to: payload) }
        }
      }
    }
    for state in states { state.removeAll() }
    if let block = writer.takeLast() { try merge.offer(block, to: callerInputs) }
    merge.end(callerInputs)
  }

  package func offer(_ block: [UInt8], to input: Int) throws(Fault) { try merge.offer(block, to: input) }

  package func end(_ input: Int) { merge.end(input) }

  package func next() throws(Fault) -> MergeStep {
    while !isDone {
      if isRecordWaiting {
        isRecordWaiting = false
        try take(merge.current)
        continue
      }
      switch try merge.next() {
      case .need(let input): return .need(input: input)
      case .done:
        isDone = true
        if let batch = try finishBatch() { return .rows(batch) }
      case .record:
        if isBatchFull, !isOfCurrentGroup(merge.current.key) {
          isRecordWaiting = true
          if let batch = try finishBatch() { return .rows(batch) }
        } else {
          try take(merge.current)
        }
      }
    }
    return .done
  }

  /// Whether a record's key is the present group's, or begins with it: keys are prefix-free.
  private func isOfCurrentGroup(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
    guard count > 0, key.count >= currentKey.count else { return false }
    return KeyOrder.compare(
      UnsafeBufferPointer(rebasing: key[..<currentKey.count]), currentKey.bytes) == 0
  }

  private func take(_ record: RecordCursor) throws(Fault) {
    if isOfCurrentGroup(record.key) {
      if record.key.count == currentKey.count {
        try mergeStates(record)
      } else {
        let stream = try plan.stream(markedBy: record.key[currentKey.count])
        let key = UnsafeBufferPointer(rebasing: record.key[(currentKey.count + 1)...])
        try values.take(key, record.payload, of: stream, row: count - 1)
      }
    } else {
      try endGroup()
      try beginGroup(record)
    }
    record.forget()
  }

  private func beginGroup(_ record: RecordCursor) throws(Fault) {
    if count == 0 { for column in groupRow { column.startBatch() } }
    count += 1
    currentKey.removeAll()
    currentKey.append(record.key)
    currentSpelling.removeAll()
    if count > grown {
      // Not one by one, nor all at once: a state may be kilobytes.
      grown = min(count + 63, Column.capacity)
      for state in states { state.grow(to: grown) }
    }
    try mergeStates(record)
  }

  /// Long texts end a batch early, so that a few of them do not fill memory.
  private var isBatchFull: Bool {
    count == Column.capacity || groupRow.reduce(stateBytes) { $0 + $1.dataCount } > Self.largestBatch
  }

  private static let largestBatch = 1 << 24

  private func mergeStates(_ record: RecordCursor) throws(Fault) {
    if values.hasBegun { throw ByteReader.damaged("states stand behind values") }
    var payload = record.payload
    stateBytes += payload.rest.count
    let spelling = try payload.readBytes(keys.spellingWidth)
    if currentSpelling.count == 0 {
      currentSpelling.append(spelling)
    } else if keys.spellingWidth > 0 {
      let layout = keys.sets[try keys.set(of: currentKey.bytes)].layout
      if let base = spelling.baseAddress { layout.raiseSpelling(currentSpelling.start, by: base) }
    }
    for state in states { try state.merge(count - 1, from: &payload) }
    guard payload.isAtEnd else { throw ByteReader.damaged("a state is too long") }
  }

  /// Ends the present group: writes its key, spelled as all inputs together say, and its streams, those
  /// without values too.
  private func endGroup() throws(Fault) {
    guard count > 0 else { return }
    try decodeKey(into: count - 1)
    try values.endGroup(row: count - 1)
  }

  private func decodeKey(into row: Int) throws(Fault) {
    var key = KeyReader(currentKey.bytes)
    let set = try keys.set(of: currentKey.bytes)
    if keys.hasSetMark { _ = try key.readByte() }
    let target = keyTargets[set]
    for column in target.absent { column.writeNull(row) }
    try target.layout.decode(
      &key, spelling: currentSpelling.bytes, into: target.columns, row)
    guard key.isAtEnd else { throw ByteReader.damaged("a key is too long") }
    for (column, bits) in target.groupings {
      column.setValid(row)
      column.integers[row] = bits
    }
  }

  /// The rows of the groups gathered so far, and an empty batch for the next ones; nil where there is none.
  private func finishBatch() throws(Fault) -> Batch? {
    guard count > 0 else { return nil }
    try endGroup()
    let firstCall = plan.keyTypes.count
    for (call, result) in plan.results.enumerated() {
      let column = groupRow[firstCall + call]
      switch result {
      case .state(let state, let finishing):
        let state = states[state]
        for row in 0..<count { try state.finish(finishing, row, into: column, row) }
      case .stream(let stream, _): try values.flush(stream, into: column, rows: count)
      }
    }
    var rows = Rows(count: count)
    if let having {
      having.run(groupRow, rows)
      try check(having, "having")
      selection.take(rows, whereTrue: having.result(0))
      rows = selection.rows
    }
    outputs.run(groupRow, rows)
    try check(outputs, nil)
    let batch = Batch(
      schema: schema, columns: schema.indices.map { outputs.result($0) }, rows: rows)
    count = 0
    grown = 0
    stateBytes = 0
    currentKey.trim()
    for state in states { state.removeAll() }
    return batch
  }

  private func check(_ program: Program, _ name: String?) throws(Fault) {
    guard let first = program.faults.first else { return }
    let output = name == nil ? plan.aggregate.outputs[first.expression] : nil
    let text = output.map { "\($0.source.text): " } ?? ""
    throw Fault(
      "aggregate_fault", .data, "Computing `\(output?.name ?? name ?? "")` failed for a group",
      place: output?.source.place, cause: text + first.fault.sentence,
      hint: "Guard it in the measure, as `nullif` does for a divisor of 0")
  }
}
