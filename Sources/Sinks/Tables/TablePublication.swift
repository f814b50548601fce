package import Model

/// One table's part of a publish, and all that is known of it but the rows.
package struct TablePublication: Sendable {
  package var target: TableTarget
  package var entry: LedgerEntry
  /// The target as it was found before the run read anything, and once more where its rows are stored; `nil` where it is
  /// to be created.
  package var facts: TableFacts?
  package var result: [ColumnSchema]
  /// Descriptions of result columns, for a table that is created.
  package var descriptions: [String: String]
  /// Where the chunks of the result were published one by one: how many there are, all in the target by now.
  package var chunks: Int?
  /// The run cannot read again, so that its rows are published whatever others have published meanwhile.
  package var isOnlyForward: Bool
  /// Another chunk has begun the run's publication: what comes once is done.
  var isContinued = false

  package init(
    target: TableTarget, entry: LedgerEntry, facts: TableFacts?, result: [ColumnSchema],
    descriptions: [String: String], chunks: Int? = nil, isOnlyForward: Bool = false
  ) {
    self.target = target
    self.entry = entry
    self.facts = facts
    self.result = result
    self.descriptions = descriptions
    self.chunks = chunks
    self.isOnlyForward = isOnlyForward
  }

  /// The publication of one chunk of its result.
  package func of(_ chunk: ChunkID, rejected: Int64, resultHash: String) -> TablePublication {
    var part = self
    part.entry = entry.of(chunk, rejected: rejected, resultHash: resultHash)
    part.chunks = nil
    return part
  }
}

/// What came of one table's part.
package enum PublishOutcome: Hashable, Sendable {
  case published(rows: Int64, deleted: Int64)
  /// An earlier attempt, or a twin with the same result, had published it.
  case already(run: String)
  /// Nothing to publish and `on_empty: keep`: the target stays as it is, on record.
  case kept
}

extension TablePublication {
  var isCreating: Bool { target.create && facts == nil }

  /// The columns of a table that this publication creates.
  var createdColumns: [TableFacts.Column] {
    result.map { TableFacts.Column(name: $0.name, type: $0.type, isNullable: true) }
  }
}
