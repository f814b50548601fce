package import Expressions
package import Model

/// The fixed, ordered list of chunks of one run, and what is done to their rows.
///
/// Made once per run, saved before the first chunk starts, and reused by every resume, so that
/// the chunks of two attempts never overlap or leave a gap.
package struct Plan: Hashable, Sendable {
  package var sources: [PlannedSource]
  package var chunks: [PlannedChunk]
  package var lookups: [PlannedLookup]
  package var pipeline: TypedPipeline
  /// The columns of the result, in order.
  package var result: [ColumnSchema]
  /// Names in `result` that make a row unique; empty for row-level results without a key.
  package var resultKey: [String]
  /// Names in `result` that rows are written by, with all other columns behind them; empty for groups, and for
  /// rows in no order.
  package var rowOrder: [String]
  /// Steps that Postgres carries out, as SQL; already taken out of `pipeline`.
  package var pushedDown: [SQLText]
  /// `nil` where the rows are fetched with their key anyway, or have none.
  package var naming: RowNaming?

  /// The connections that its rows are read by.
  package var connections: Set<String> { Set(sources.map(\.connection)) }

  package init(
    sources: [PlannedSource], chunks: [PlannedChunk], lookups: [PlannedLookup],
    pipeline: TypedPipeline, result: [ColumnSchema], resultKey: [String], rowOrder: [String],
    pushedDown: [SQLText], naming: RowNaming?
  ) {
    self.sources = sources
    self.chunks = chunks
    self.lookups = lookups
    self.pipeline = pipeline
    self.result = result
    self.resultKey = resultKey
    self.rowOrder = rowOrder
    self.pushedDown = pushedDown
    self.naming = naming
  }
}

/// How a chunk is read once more after a row of it has failed, so as to name the row: with the key, which
/// is not worth fetching for every row of every run.
package struct RowNaming: Hashable, Sendable {
  package var pipeline: TypedPipeline
  /// What to select, one a source.
  package var columns: [SQLText]
}

/// One source of a plan.
package struct PlannedSource: Hashable, Sendable {
  package var name: String
  package var connection: String
  /// What all of its chunks read from, and which rows of it: the job's filter with what was moved
  /// into Postgres.
  package var relation: SQLText
  package var filter: SQLText?
  /// What a fetch of its chunks selects: their columns, each in the form that costs the server least. A date may
  /// come as its days from 2000-01-01.
  package var sent: SQLText
  /// Relations to lock before the snapshot is taken; every partition among them.
  package var locked: [QualifiedName]
  package var consistency: Source.Consistency
  package var onResume: Source.OnResume
  /// How the source is cut, and why.
  package var chunking: ChunkRule.Kind
  package var reason: String
  /// The server's guess.
  package var estimatedRows: Double
  /// True where a finished chunk can be proved untouched: plain heaps read directly.
  package var isProvable: Bool
  /// File nodes of the heaps read, by name; a rewrite changes them.
  package var fileNodes: [String: UInt32]
  /// What its database said of it: the plan is good for as long as the same questions have the same answers.
  package var said: [PlanQuestion: PlanAnswer]

  package init(
    name: String, connection: String, relation: SQLText, filter: SQLText?, sent: SQLText,
    locked: [QualifiedName],
    consistency: Source.Consistency,
    onResume: Source.OnResume, chunking: ChunkRule.Kind, reason: String, estimatedRows: Double,
    isProvable: Bool, fileNodes: [String: UInt32], said: [PlanQuestion: PlanAnswer]
  ) {
    self.name = name
    self.connection = connection
    self.relation = relation
    self.filter = filter
    self.sent = sent
    self.locked = locked
    self.consistency = consistency
    self.onResume = onResume
    self.chunking = chunking
    self.reason = reason
    self.estimatedRows = estimatedRows
    self.isProvable = isProvable
    self.fileNodes = fileNodes
    self.said = said
  }
}

/// One chunk: a half-open range of one source.
package struct PlannedChunk: Hashable, Sendable {
  package var id: ChunkID
  /// Number in `Plan.sources`.
  package var source: Int
  /// What it is of, from where, for which rows. The parts of the fetch, kept apart so that a resume can ask other
  /// things of the same rows; what a fetch sends for `columns` is `PlannedSource.sent`.
  package var columns: SQLText
  package var relation: SQLText
  package var predicate: SQLText?
  /// For people: `order_id from 100 to before 200`.
  package var range: String

  package init(
    id: ChunkID, source: Int, columns: SQLText, relation: SQLText, predicate: SQLText?,
    range: String
  ) {
    self.id = id
    self.source = source
    self.columns = columns
    self.relation = relation
    self.predicate = predicate
    self.range = range
  }

  /// The command that sends `columns` of the chunk's rows.
  package func copy(_ columns: SQLText, as format: CopyFormat) -> SQLText {
    var select: SQLText = "SELECT \(columns) FROM \(relation)"
    if let predicate { select = "\(select) WHERE \(predicate)" }
    return "COPY (\(select)) TO STDOUT \(format.options)"
  }
}

/// One lookup table of a plan: what to load, once per run.
package struct PlannedLookup: Hashable, Sendable {
  package var origin: Origin
  package var key: [ColumnSchema]
  package var payload: [ColumnSchema]
  package var onDuplicate: Lookup.OnDuplicate
  package var maximumRows: Int
  /// The step's name and place, for messages.
  package var step: String
  package var place: Place

  package enum Origin: Hashable, Sendable {
    /// A SELECT of the key columns and then the payload columns.
    case query(connection: String, SQLText)
    /// A CSV file with a header, relative to the project; columns by their names in it.
    case file(path: String, columns: [String])
  }

  package init(
    origin: Origin, key: [ColumnSchema], payload: [ColumnSchema], onDuplicate: Lookup.OnDuplicate,
    maximumRows: Int, step: String, place: Place
  ) {
    self.origin = origin
    self.key = key
    self.payload = payload
    self.onDuplicate = onDuplicate
    self.maximumRows = maximumRows
    self.step = step
    self.place = place
  }
}
