import Compute
import Expressions
import Model

/// Runs one aggregate over rows of plain values, the way a run does it: chunks, partials, merge.
struct AggregateRig {
  let schema: [ColumnSchema]
  let aggregate: TypedAggregate

  static var zones: ZoneContext { .utc }

  /// - Parameters:
  ///   - keys: numbers of the columns to group by.
  ///   - sets: numbers in `keys`; one set of all by default.
  init(
    _ types: [SQLType], keys: [Int] = [], sets: [[Int]]? = nil, groupings: [[Int]] = [],
    _ calls: [AggregateCall]
  ) {
    schema = types.enumerated().map { ColumnSchema(name: "c\($0.offset)", type: $0.element) }
    let typedKeys = keys.map {
      TypedAggregate.NamedTyped(
        name: "k\($0)", expression: TypedExpression(.column($0), type: types[$0]), source: Self.source)
    }
    let rowTypes = keys.map { types[$0] } + calls.map(\.type) + groupings.map { _ in SQLType.integer }
    aggregate = TypedAggregate(
      keys: typedKeys, sets: sets ?? [Array(keys.indices)], calls: calls,
      outputs: rowTypes.enumerated().map {
        TypedAggregate.NamedTyped(
          name: "o\($0.offset)", expression: TypedExpression(.column($0.offset), type: $0.element),
          source: Self.source)
      }, groupings: groupings, having: nil)
  }

  private static let source = SourceText(text: "", file: "test.yaml", anchors: [])

  func batches(_ rows: some Collection<[Value]>, size: Int = 2_048) -> [Batch] {
    var batches: [Batch] = []
    var rest = Array(rows)[...]
    while !rest.isEmpty {
      let columns = schema.map { Column($0.type) }
      for row in rest.prefix(size) {
        for (column, value) in zip(columns, row) { column.append(value) }
      }
      rest = rest.dropFirst(size)
      batches.append(Batch(schema: schema, columns: columns))
    }
    return batches
  }

  /// The partial of one chunk: sequences of blocks, several where memory was too small.
  func partial(
    _ rows: some Collection<[Value]>, batchSize: Int = 2_048, memoryLimit: Int = 1 << 30
  ) throws -> [[[UInt8]]] {
    let aggregator = try ChunkAggregator(
      aggregate, schema: schema, zones: Self.zones, memoryLimit: memoryLimit)
    var runs: [[[UInt8]]] = []
    for batch in batches(rows, size: batchSize) {
      if case .spill(let run) = try aggregator.add(batch) { runs.append(try blocks(run)) }
    }
    runs.append(try blocks(aggregator.finish()))
    return runs
  }

  private func blocks(_ stream: any BlockStream) throws -> [[UInt8]] {
    var blocks: [[UInt8]] = []
    while let block = try stream.next() { blocks.append(block) }
    return blocks
  }

  /// The blocks of the partial that several make together.
  func merged(_ inputs: [[[UInt8]]]) throws -> [[UInt8]] {
    try Self.blocks(of: PartialMerger(aggregate, inputs: inputs.count), inputs)
  }

  /// All blocks of a merger that is fed with `inputs`.
  static func blocks(of merger: any RunMerger, _ inputs: [[[UInt8]]]) throws -> [[UInt8]] {
    var rest = inputs.map { $0[...] }
    var blocks: [[UInt8]] = []
    while true {
      switch try merger.next() {
      case .block(let block): blocks.append(block)
      case .need(let input):
        if let block = rest[input].popFirst() {
          try merger.offer(block, to: input)
        } else {
          merger.end(input)
        }
      case .done: return blocks
      }
    }
  }

  /// The result rows of merged partials.
  func results(_ inputs: [[[UInt8]]]) throws -> [[Value]] {
    try Self.rows(of: GroupMerger(aggregate, zones: Self.zones, inputs: inputs.count), inputs)
  }

  /// All rows of a result stream that is fed with `inputs`.
  static func rows(of stream: any ResultStream, _ inputs: [[[UInt8]]]) throws -> [[Value]] {
    var rest = inputs.map { $0[...] }
    var rows: [[Value]] = []
    while true {
      switch try stream.next() {
      case .rows(let batch):
        for position in 0..<batch.rows.count {
          rows.append(batch.columns.map { $0.value(at: batch.rows[position]) })
        }
      case .need(let input):
        if let block = rest[input].popFirst() {
          try stream.offer(block, to: input)
        } else {
          stream.end(input)
        }
      case .done: return rows
      }
    }
  }

  /// The result of all rows in one chunk.
  func results(of rows: some Collection<[Value]>) throws -> [[Value]] { try results(partial(rows)) }
}

extension AggregateCall {
  /// An aggregate over columns by number.
  static func over(
    _ function: AggregateFunction, _ columns: [(Int, SQLType)], type: SQLType, distinct: Bool = false,
    order: [(Int, SQLType)] = [], descending: Bool = false, constants: [Value] = [], filter: Int? = nil
  ) -> AggregateCall {
    AggregateCall(
      function: function,
      arguments: columns.map { TypedExpression(.column($0.0), type: $0.1) }, isDistinct: distinct,
      order: order.map {
        Ordering(
          expression: TypedExpression(.column($0.0), type: $0.1), isDescending: descending,
          nullsFirst: descending)
      }, constants: constants,
      filter: filter.map { TypedExpression(.column($0), type: .boolean) }, type: type)
  }

  static func countRows(filter: Int? = nil) -> AggregateCall {
    .over(.count, [], type: .bigint, filter: filter)
  }
}

extension Value {
  static func number(_ text: String) -> Value {
    do {
      return .numeric(try Decimal(parsing: text))
    } catch {
      preconditionFailure("`\(text)` is no number")
    }
  }
}

/// Numbers that are the same in every run: xorshift64*.
struct FixedRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
