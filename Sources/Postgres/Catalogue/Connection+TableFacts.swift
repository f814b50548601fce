package import Model

extension Connection {
  /// What the catalogue says of a table, view, materialized view, partitioned or foreign table;
  /// `nil` where there is none of that name. A name without schema is looked up by `search_path`.
  package func tableFacts(_ name: QualifiedName) async throws -> TableFacts? {
    guard let relation = try await query(EmbeddedSQL.relation, [.text(name.quoted)]).rows.first,
      let kind = try TableFacts.Kind(catalogue: relation.string("kind"))
    else { return nil }
    let oid = try relation.integer("oid", as: UInt32.self)
    let hasChildren = try relation.boolean("has_children")
    let partitions = kind == .partitioned ? try await partitions(of: oid) : []
    return TableFacts(
      name: QualifiedName(try relation.string("schema_name"), try relation.string("name")),
      oid: oid, kind: kind, columns: try await columns(of: oid),
      // An index of a table says nothing of the rows that its children add.
      indexes: hasChildren && kind != .partitioned ? [] : try await indexes(of: oid),
      pages: try relation.integer("pages"), estimatedRows: try relation.number("estimated_rows"),
      fileNode: try relation.integer("file_node"), partitions: partitions,
      isReadable: try relation.boolean("is_readable"), isHeap: try relation.boolean("is_heap"),
      hasActiveRowSecurity: try relation.boolean("has_row_security"))
  }

  private func columns(of oid: UInt32) async throws -> [TableFacts.Column] {
    let rows = try await query(EmbeddedSQL.columns, [.integer(Int64(oid))]).rows
    let types = try await types(
      rows.map { TypeNumber(oid: try $0.integer("type"), modifier: try $0.integer("modifier")) })
    return try zip(rows, types).map { row, type in
      // What is stored as a type that is only carried is compared by the type alone.
      TableFacts.Column(
        name: try row.string("name"), type: type.isNamedByDatabase ? type.base : type,
        isNullable: try !row.boolean("is_not_null"),
        collation: try row.text("is_deterministic").map { $0 == "t" ? .deterministic : .nondeterministic },
        isGenerated: try row.boolean("is_generated"), hasDefault: try row.boolean("has_default"),
        declared: type.isNamedByDatabase ? type.sqlName : try row.string("declared"))
    }
  }

  private func indexes(of oid: UInt32) async throws -> [TableFacts.Index] {
    var indexes: [TableFacts.Index] = []
    for row in try await query(EmbeddedSQL.indexes, [.integer(Int64(oid))]).rows {
      let name = try row.string("index_name")
      if indexes.last?.name != name {
        indexes.append(
          TableFacts.Index(
            name: name, columns: [], isUnique: try row.boolean("is_unique"),
            isPrimary: try row.boolean("is_primary"), hasDistinctNulls: try row.boolean("has_distinct_nulls"))
        )
      }
      var collation: QualifiedName?
      if let schema = try row.text("collation_schema") {
        collation = QualifiedName(schema, try row.string("collation_name"))
      }
      indexes[indexes.count - 1].columns.append(
        TableFacts.Index.Column(name: try row.string("column_name"), collation: collation))
    }
    return indexes
  }

  private func partitions(of oid: UInt32) async throws -> [TableFacts.Partition] {
    let rows = try await query(EmbeddedSQL.partitions, [.integer(Int64(oid))]).rows
    return try rows.map { row in
      let partition = TableFacts.Partition(
        name: QualifiedName(try row.string("schema_name"), try row.string("name")),
        oid: try row.integer("oid"), isHeap: try row.boolean("is_heap"), pages: try row.integer("pages"),
        estimatedRows: try row.number("estimated_rows"), fileNode: try row.integer("file_node"))
      return (try PartitionBounds(json: row.string("bounds")), partition)
    }
    .sorted { ($0.0, $0.1.name.quoted) < ($1.0, $1.1.name.quoted) }
    .map(\.1)
  }
}

extension TableFacts.Kind {
  /// `nil` for the kinds of relations that hold no rows of their own to read.
  fileprivate init?(catalogue letter: String) {
    switch letter {
    case "r": self = .table
    case "p": self = .partitioned
    case "v": self = .view
    case "m": self = .materialized
    case "f": self = .foreign
    default: return nil
    }
  }
}
