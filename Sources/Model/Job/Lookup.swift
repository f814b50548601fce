/// A `lookup` step: columns of another relation, joined by key.
package struct Lookup: Hashable, Sendable {
  package var from: From
  /// Row column to lookup column.
  package var match: [Step.NamedColumn]
  /// New column from lookup column.
  package var take: [Step.NamedColumn]
  package var onMissing: Step.OnFail
  /// `error` (default) refuses duplicate keys; `first` takes the least row by all its values.
  package var onDuplicate: OnDuplicate
  package var maximumRows: Int?

  package enum From: Hashable, Sendable {
    case table(connection: Template, name: Template)
    case query(connection: Template, sql: SourceText)
    case file(path: String)
  }

  package enum OnDuplicate: String, Hashable, Sendable, CaseIterable { case error, first }

  package init(
    from: From, match: [Step.NamedColumn], take: [Step.NamedColumn], onMissing: Step.OnFail,
    onDuplicate: OnDuplicate, maximumRows: Int?
  ) {
    self.from = from
    self.match = match
    self.take = take
    self.onMissing = onMissing
    self.onDuplicate = onDuplicate
    self.maximumRows = maximumRows
  }
}
