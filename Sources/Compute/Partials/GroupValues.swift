import Expressions
import Model

/// The values of the present group's streams, on their way to the finishers: equal ones of several inputs are gathered
/// and handed on once, and streams without values end as empty ones.
///
///     for each group: take(value) ..., in the order of the streams and of their keys
///                     endGroup()
///     for each batch: flush(stream)
final class GroupValues {
  private let streams: [ValueStream]
  private let finishers: [any StreamFinisher]
  /// Per stream: its column of the group row, and what counts its values.
  private let results: [(column: Column, counter: CountAccumulator?)]

  /// The stream whose values come now.
  private var current: Int?
  /// The value that is gathered.
  private let key = ByteWriter()
  private let spelling = ByteWriter()
  private var count: Int64 = 0
  private var hasValue = false

  /// - Parameters:
  ///   - states: of the groups, those among them that count a stream's values.
  ///   - groupRow: keys, calls, groupings.
  /// - Throws: `Fault` `unsupported_aggregate`.
  init(_ plan: AggregatePlan, states: [any Accumulator], groupRow: [Column]) throws(Fault) {
    streams = plan.streams
    var finishers: [any StreamFinisher] = []
    for stream in plan.streams { finishers.append(try stream.makeFinisher()) }
    self.finishers = finishers
    // Streams are numbered in the order of their calls.
    results = plan.results.enumerated().compactMap { call, result in
      guard case .stream(_, let counted) = result else { return nil }
      return (groupRow[plan.keyTypes.count + call], counted.flatMap { states[$0] as? CountAccumulator })
    }
  }

  /// Whether the present group has had values: no states may follow.
  var hasBegun: Bool { current != nil }

  /// Takes a value of the group in row `row` of the batch, and how often it came.
  /// - Throws: `Fault` `damaged_block`, or of class `data` where a value cannot be computed.
  func take(
    _ value: UnsafeBufferPointer<UInt8>, _ record: ByteReader, of stream: Int, row: Int
  ) throws(Fault) {
    var payload = record
    let times = try payload.readSigned()
    let layout = streams[stream].layout
    let spelled = try payload.readBytes(layout.spellingWidth)
    guard times > 0, payload.isAtEnd else { throw ByteReader.damaged("a value is malformed") }
    if stream != current {
      try endStream(row)
      try beginStreams(to: stream, row)
    }
    if hasValue, KeyOrder.compare(value, key.bytes) == 0 {
      count &+= times
      if let base = spelled.baseAddress { layout.raiseSpelling(spelling.start, by: base) }
      return
    }
    try passValue()
    key.trim()
    key.append(value)
    spelling.removeAll()
    spelling.append(spelled)
    count = times
    hasValue = true
  }

  /// Ends the streams of the group in row `row`, those without values too.
  func endGroup(row: Int) throws(Fault) {
    if finishers.isEmpty { return }
    try endStream(row)
    let first = (current ?? -1) + 1
    for stream in first..<finishers.count {
      begin(stream, row)
      try finish(stream, row)
    }
    current = nil
  }

  /// Writes what a stream could not write group by group.
  func flush(_ stream: Int, into column: Column, rows: Int) throws(Fault) {
    try finishers[stream].flush(into: column, rows: rows)
  }

  /// Hands the value that has been gathered to the finisher.
  private func passValue() throws(Fault) {
    guard hasValue, let current else { return }
    hasValue = false
    try finishers[current].add(KeyReader(key.bytes), spelling: spelling.bytes, count: count)
  }

  private func endStream(_ row: Int) throws(Fault) {
    guard let stream = current else { return }
    try passValue()
    try finish(stream, row)
  }

  /// Begins streams up to `last`; those before it have no values in this group.
  private func beginStreams(to last: Int, _ row: Int) throws(Fault) {
    let first = (current ?? -1) + 1
    guard first <= last else { throw ByteReader.damaged("its values are not in order") }
    for stream in first...last {
      begin(stream, row)
      if stream < last { try finish(stream, row) }
    }
    current = last
  }

  private func begin(_ stream: Int, _ row: Int) {
    finishers[stream].begin(row, count: results[stream].counter?.count(ofGroup: row) ?? 0)
  }

  private func finish(_ stream: Int, _ row: Int) throws(Fault) {
    try finishers[stream].end(into: results[stream].column, row)
  }
}
