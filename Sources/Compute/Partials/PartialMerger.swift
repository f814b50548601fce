package import Expressions
package import Model

/// Merges runs of group states into one: byte for byte what one chunk over all the rows would have written, but
/// for where blocks are cut.
package final class PartialMerger: RunMerger {
  private let plan: AggregatePlan
  private let keys: GroupKeys
  private let merge: RecordMerge
  private let writer: RecordWriter
  private let states: [any Accumulator]
  /// Groups whose states were merged since the accumulators were emptied.
  private var used = 0
  /// Bytes of their states.
  private var usedBytes = 0

  /// The group that value records belong to.
  private let groupKey = ByteWriter()
  private var hasGroup = false
  /// The pending record is a value of that group, not a group's states.
  private var isValue = false
  /// The record that is still to be written. Its payload is the first input's as it came, until a second
  /// input has the same key.
  private let pendingKey = ByteWriter()
  private let pendingPayload = ByteWriter()
  private var isPending = false
  private var isMerged = false
  /// The record behind it still waits to take its place.
  private var isRecordWaiting = false
  private let spelling = ByteWriter()
  private var valueCount: Int64 = 0
  private var isDone = false

  private static let groupsAtOnce = 1_024
  private static let bytesAtOnce = 1 << 24

  /// - Throws: `Fault` `unsupported_aggregate`.
  package init(_ aggregate: TypedAggregate, inputs: Int) throws(Fault) {
    plan = try AggregatePlan(aggregate)
    keys = GroupKeys(types: plan.keyTypes, sets: aggregate.sets)
    merge = RecordMerge(inputs: inputs, kind: .groups, layout: plan.layout)
    writer = RecordWriter(.groups, layout: plan.layout)
    states = plan.states.map { $0.kind.makeAccumulator() }
  }

  package func offer(_ block: [UInt8], to input: Int) throws(Fault) { try merge.offer(block, to: input) }

  package func end(_ input: Int) { merge.end(input) }

  package func next() throws(Fault) -> RunMergeStep {
    while true {
      if let block = writer.takeFull() { return .block(block) }
      if isDone { return writer.takeLast().map { .block($0) } ?? .done }
      if isRecordWaiting {
        isRecordWaiting = false
        keep(merge.current)
      }
      switch try merge.next() {
      case .need(let input): return .need(input: input)
      case .done:
        writePending()
        isDone = true
      case .record:
        if isPending, KeyOrder.compare(merge.current.key, pendingKey.bytes) == 0 {
          try mergePending(with: merge.current)
        } else {
          // Its blocks are taken before another one takes its place.
          writePending()
          isRecordWaiting = true
        }
      }
    }
  }

  private func mergePending(with record: RecordCursor) throws(Fault) {
    if !isMerged {
      isMerged = true
      try begin(with: ByteReader(pendingPayload.bytes))
      pendingPayload.trim()
    }
    try add(record.payload)
  }

  private func keep(_ record: RecordCursor) {
    isPending = true
    pendingKey.trim()
    pendingKey.append(record.key)
    let payload = record.payload
    pendingPayload.trim()
    pendingPayload.append(payload.rest)
    record.forget()
    if plan.streams.isEmpty { return }
    isValue =
      hasGroup && pendingKey.count > groupKey.count
      && KeyOrder.compare(
        UnsafeBufferPointer(rebasing: pendingKey.bytes[..<groupKey.count]), groupKey.bytes) == 0
    if !isValue {
      hasGroup = true
      groupKey.removeAll()
      groupKey.append(pendingKey.bytes)
    }
  }

  /// The stream that the pending record is a value of; nil for the states of a group.
  private func pendingStream() throws(Fault) -> ValueStream? {
    guard isValue else { return nil }
    return plan.streams[try plan.stream(markedBy: pendingKey.bytes[groupKey.count])]
  }

  private func layout() throws(Fault) -> KeyLayout {
    if let stream = try pendingStream() { return stream.layout }
    return keys.sets[try keys.set(of: pendingKey.bytes)].layout
  }

  private func begin(with payload: ByteReader) throws(Fault) {
    spelling.removeAll()
    valueCount = 0
    used += 1
    for state in states { state.grow(to: used) }
    try add(payload)
  }

  private func add(_ source: ByteReader) throws(Fault) {
    var payload = source
    usedBytes += payload.rest.count
    let layout = try layout()
    if try pendingStream() != nil {
      valueCount &+= try payload.readSigned()
      try raiseSpelling(&payload, layout, width: layout.spellingWidth)
    } else {
      try raiseSpelling(&payload, layout, width: keys.spellingWidth)
      for state in states { try state.merge(used - 1, from: &payload) }
    }
    guard payload.isAtEnd else { throw ByteReader.damaged("a state is too long") }
  }

  private func raiseSpelling(
    _ payload: inout ByteReader, _ layout: KeyLayout, width: Int
  ) throws(Fault) {
    let bytes = try payload.readBytes(width)
    if spelling.count == 0 { return spelling.append(bytes) }
    if let base = bytes.baseAddress { layout.raiseSpelling(spelling.start, by: base) }
  }

  private func writePending() {
    guard isPending else { return }
    isPending = false
    writer.append(key: pendingKey.bytes) { payload in
      if !isMerged { return payload.append(taking: pendingPayload) }
      if isValue {
        payload.append(signed: valueCount)
        payload.append(spelling.bytes)
      } else {
        payload.append(spelling.bytes)
        for state in states { state.write(used - 1, to: payload) }
      }
    }
    isMerged = false
    if used >= Self.groupsAtOnce || usedBytes > Self.bytesAtOnce {
      (used, usedBytes) = (0, 0)
      for state in states { state.removeAll() }
    }
  }
}
