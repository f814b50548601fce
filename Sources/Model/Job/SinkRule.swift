/// One item of `store:`.
package enum SinkRule: Hashable, Sendable {
  case table(TableSinkRule)
  case file(FileSinkRule)

  package var place: Place {
    switch self {
    case .table(let rule): rule.place
    case .file(let rule): rule.place
    }
  }
}

/// `table:`, a table that the result is published into.
package struct TableSinkRule: Hashable, Sendable {
  package var connection: Template
  package var name: Template
  package var mode: Mode
  package var window: SourceText?
  /// Bounds every delete: column to value.
  package var scope: [Scope]
  /// `nil` means the group-by columns.
  package var key: [String]?
  package var create: Bool
  package var onEmpty: OnEmpty
  package var maxDelete: MaxDelete?
  package var beforePublish: [SourceText]
  package var afterPublish: [SourceText]
  package var publishPerChunk: Bool
  package var place: Place

  /// What becomes of the rows that are there: they stay, they are updated by their keys, they all go, or those of the window do.
  package enum Mode: String, Hashable, Sendable, CaseIterable {
    case append, merge, replace
    case replaceWindow = "replace_window"
  }

  /// What a result without rows does: it fails the run, changes nothing, or is published like any other.
  package enum OnEmpty: String, Hashable, Sendable, CaseIterable { case fail, keep, publish }

  /// How much one publish may delete; more fails the run before anything is changed.
  package enum MaxDelete: Hashable, Sendable {
    case rows(Int)
    /// Of the rows in the target, 0...100.
    case percent(Double)
  }

  /// A column of the target and the value that it has in all rows that are this job's.
  package struct Scope: Hashable, Sendable {
    package var column: String
    package var value: Template

    package init(column: String, value: Template) {
      self.column = column
      self.value = value
    }
  }

  package init(
    connection: Template, name: Template, mode: Mode, window: SourceText?, scope: [Scope],
    key: [String]?, create: Bool, onEmpty: OnEmpty, maxDelete: MaxDelete?,
    beforePublish: [SourceText], afterPublish: [SourceText], publishPerChunk: Bool, place: Place
  ) {
    self.connection = connection
    self.name = name
    self.mode = mode
    self.window = window
    self.scope = scope
    self.key = key
    self.create = create
    self.onEmpty = onEmpty
    self.maxDelete = maxDelete
    self.beforePublish = beforePublish
    self.afterPublish = afterPublish
    self.publishPerChunk = publishPerChunk
    self.place = place
  }
}

extension Fault {
  /// A target without schema, on a connection that has none to look in.
  package static func noSchema(_ table: String, on connection: String, at place: Place) -> Fault {
    Fault(
      "no_schema", .validation,
      "The target `\(table)` names no schema, and connection `\(connection)` has none to look in",
      place: place, hint: "Write it as `schema.\(table)`, or set `search_path` under the connection")
  }
}

/// `file:`, a file that the result is written to.
package struct FileSinkRule: Hashable, Sendable {
  /// Relative to the project's output root.
  package var path: Template
  /// By the name's ending where left out: `.csv`, `.jsonl`/`.ndjson`, each with `.gz`.
  package var format: FileFormat
  package var isCompressed: Bool
  package var ifExists: IfExists
  /// Columns of the order for row-level results.
  package var orderBy: [String]
  package var place: Place

  package enum FileFormat: String, Hashable, Sendable, CaseIterable { case csv, jsonl }

  /// What becomes of a file that is there: another one takes its place, or the run fails.
  package enum IfExists: String, Hashable, Sendable, CaseIterable { case replace, fail }

  package init(
    path: Template, format: FileFormat, isCompressed: Bool, ifExists: IfExists,
    orderBy: [String], place: Place
  ) {
    self.path = path
    self.format = format
    self.isCompressed = isCompressed
    self.ifExists = ifExists
    self.orderBy = orderBy
    self.place = place
  }
}
