package import Model

/// A table sink with every reference resolved: where one run's result goes, and how.
package struct TableTarget: Hashable, Sendable {
  /// Names the sink within its job, in the ledger and in messages.
  package var sink: String
  package var connection: String
  package var ledger: Identifier
  package var table: QualifiedName
  package var mode: TableSinkRule.Mode
  /// Of `replace_window`: the column, and the half-open range of it that is replaced.
  package var window: Window?
  /// The time whose rows the publish puts in the place of others; `nil` for all.
  package var span: TimeRange?
  /// Equalities that bound every delete.
  package var scope: [ScopeValue]
  package var key: [String]
  /// No two rows of the result can share the key.
  package var isKeyUnique: Bool
  package var create: Bool
  package var onEmpty: TableSinkRule.OnEmpty
  package var maxDelete: TableSinkRule.MaxDelete?
  package var beforePublish: [Statement]
  package var afterPublish: [Statement]
  /// Lets `replace` put an older interval in place of a newer one.
  package var isForced: Bool
  /// Of the table's name.
  package var place: Place

  package struct Window: Hashable, Sendable {
    package var column: String
    package var lower: Value
    package var upper: Value
    /// To so many decimals of a second the target's column rounds what is stored.
    package var decimals = 6
    /// Where the job names the column.
    package var place: Place?

    package init(column: String, lower: Value, upper: Value, place: Place? = nil) {
      self.column = column
      self.lower = lower
      self.upper = upper
      self.place = place
    }
  }

  package struct ScopeValue: Hashable, Sendable {
    package var column: String
    package var value: Value

    package init(column: String, value: Value) {
      self.column = column
      self.value = value
    }
  }

  /// SQL of the job's own, and where it stands in its file.
  package struct Statement: Hashable, Sendable {
    package var sql: SQLText
    package var place: Place

    package init(sql: SQLText, place: Place) {
      self.sql = sql
      self.place = place
    }
  }

  package init(
    sink: String, connection: String, ledger: Identifier, table: QualifiedName,
    mode: TableSinkRule.Mode, window: Window?, span: TimeRange? = nil, scope: [ScopeValue], key: [String],
    isKeyUnique: Bool,
    create: Bool,
    onEmpty: TableSinkRule.OnEmpty, maxDelete: TableSinkRule.MaxDelete?,
    beforePublish: [Statement], afterPublish: [Statement], isForced: Bool, place: Place
  ) {
    self.sink = sink
    self.connection = connection
    self.ledger = ledger
    self.table = table
    self.mode = mode
    self.window = window
    self.span = span
    self.scope = scope
    self.key = key
    self.isKeyUnique = isKeyUnique
    self.create = create
    self.onEmpty = onEmpty
    self.maxDelete = maxDelete
    self.beforePublish = beforePublish
    self.afterPublish = afterPublish
    self.isForced = isForced
    self.place = place
  }
}

/// The column by which `append` knows the rows of an earlier revision of the same run.
package let runIDColumn = "_run_id"
