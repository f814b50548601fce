package import Model

/// One step of a pipeline.
package struct TypedStep: Hashable, Sendable {
  package var name: String
  package var action: Action
  package var onFail: Step.OnFail
  package var columnsBefore: [ColumnSchema]
  package var place: Place

  package enum Action: Hashable, Sendable {
    /// Replaces text columns in place.
    case sanitize([Sanitizing])
    /// Parses text column `column`; the result replaces column `into`, or is appended at it when
    /// it equals the column count. A row whose text cannot be read follows `onFail`; under
    /// `keep` its parsed value is NULL.
    case parse(column: Int, into: Int, target: Step.Parsing.Target, type: SQLType)
    /// Rows for which a rule is not true follow `onFail`.
    case validate([Rule])
    /// In an order in which each entry sees the ones it uses. An entry replaces column `into`, or
    /// appends when it equals the column count so far. A row fault follows `onFail`; under `keep`
    /// the entry is NULL.
    case derive([Derivation])
    /// Keeps rows for which the condition is true. A row fault follows `onFail`.
    case filter(TypedExpression, source: SourceText)
    /// Looks `match` up in lookup number `table`; appends the taken columns (or replaces at
    /// `into`).
    case lookup(LookupStep)
    /// HMAC-SHA-256, as lower-case hexadecimal text, of the column's text form. NULL stays NULL.
    case pseudonymise([Pseudonym], key: Template)
    /// The columns that remain, by number, in this order, under the next step's names. `rename`,
    /// `drop` and `select` all end here.
    case project([Int])
  }

  package struct Sanitizing: Hashable, Sendable {
    package var column: Int
    package var operations: [Step.SanitizeOperation]

    package init(column: Int, operations: [Step.SanitizeOperation]) {
      self.column = column
      self.operations = operations
    }
  }

  package struct Rule: Hashable, Sendable {
    package var name: String
    package var expect: TypedExpression
    package var source: SourceText

    package init(name: String, expect: TypedExpression, source: SourceText) {
      self.name = name
      self.expect = expect
      self.source = source
    }
  }

  package struct Derivation: Hashable, Sendable {
    package var into: Int
    package var expression: TypedExpression
    package var source: SourceText

    package init(into: Int, expression: TypedExpression, source: SourceText) {
      self.into = into
      self.expression = expression
      self.source = source
    }
  }

  package struct LookupStep: Hashable, Sendable {
    /// Number in the run's list of lookup tables.
    package var table: Int
    /// Row columns, in the order of the lookup table's key columns.
    package var match: [Int]
    /// Columns of the lookup table's payload and where they go.
    package var take: [Take]
    package var onMissing: Step.OnFail

    package init(table: Int, match: [Int], take: [Take], onMissing: Step.OnFail) {
      self.table = table
      self.match = match
      self.take = take
      self.onMissing = onMissing
    }
  }

  package struct Take: Hashable, Sendable {
    package var payload: Int
    package var into: Int

    package init(payload: Int, into: Int) {
      self.payload = payload
      self.into = into
    }
  }

  package struct Pseudonym: Hashable, Sendable {
    package var column: Int
    package var into: Int

    package init(column: Int, into: Int) {
      self.column = column
      self.into = into
    }
  }

  package init(
    name: String, action: Action, onFail: Step.OnFail, columnsBefore: [ColumnSchema], place: Place
  ) {
    self.name = name
    self.action = action
    self.onFail = onFail
    self.columnsBefore = columnsBefore
    self.place = place
  }
}
