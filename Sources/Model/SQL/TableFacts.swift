/// What a catalogue says of one relation: the facts that planning decides by.
package struct TableFacts: Hashable, Sendable {
  package var name: QualifiedName
  package var oid: UInt32
  package var kind: Kind
  package var columns: [Column]
  package var indexes: [Index]
  /// Size of the heap in pages of 8 KiB, as measured, of this relation alone.
  package var pages: Int64
  /// The planner's guess at the rows; negative where never analysed.
  package var estimatedRows: Double
  /// Changes when the table is rewritten; 0 for relations without storage.
  package var fileNode: UInt32
  /// Leaves of a partitioned table, in their bounds' order; empty for other kinds.
  package var partitions: [Partition]
  /// True where the current role may select from it.
  package var isReadable: Bool
  /// True for a heap: only there do page ranges mean anything.
  package var isHeap: Bool
  /// True where row security would hide rows from the current role.
  package var hasActiveRowSecurity: Bool

  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case table, partitioned, view, materialized, foreign
  }

  package struct Column: Hashable, Sendable {
    package var name: String
    package var type: SQLType
    package var isNullable: Bool
    package var hasDeterministicCollation: Bool
    /// True for generated columns and `GENERATED ALWAYS` identities, which cannot be written.
    package var isGenerated: Bool
    package var hasDefault: Bool

    package init(
      name: String, type: SQLType, isNullable: Bool, hasDeterministicCollation: Bool = true,
      isGenerated: Bool = false, hasDefault: Bool = false
    ) {
      self.name = name
      self.type = type
      self.isNullable = isNullable
      self.hasDeterministicCollation = hasDeterministicCollation
      self.isGenerated = isGenerated
      self.hasDefault = hasDefault
    }
  }

  /// A valid, complete (not partial) btree index over plain columns.
  package struct Index: Hashable, Sendable {
    package var name: String
    package var columns: [Column]
    package var isUnique: Bool
    package var isPrimary: Bool
    package var hasDistinctNulls: Bool

    package struct Column: Hashable, Sendable {
      package var name: String
      /// The index's collation where it is not the default, as SQL name parts.
      package var collation: QualifiedName?

      package init(name: String, collation: QualifiedName? = nil) {
        self.name = name
        self.collation = collation
      }
    }

    package init(
      name: String, columns: [Column], isUnique: Bool, isPrimary: Bool, hasDistinctNulls: Bool = true
    ) {
      self.name = name
      self.columns = columns
      self.isUnique = isUnique
      self.isPrimary = isPrimary
      self.hasDistinctNulls = hasDistinctNulls
    }
  }

  package struct Partition: Hashable, Sendable {
    package var name: QualifiedName
    package var oid: UInt32
    package var isHeap: Bool
    package var pages: Int64
    package var estimatedRows: Double
    package var fileNode: UInt32

    package init(
      name: QualifiedName, oid: UInt32, isHeap: Bool, pages: Int64, estimatedRows: Double,
      fileNode: UInt32
    ) {
      self.name = name
      self.oid = oid
      self.isHeap = isHeap
      self.pages = pages
      self.estimatedRows = estimatedRows
      self.fileNode = fileNode
    }
  }

  package init(
    name: QualifiedName, oid: UInt32, kind: Kind, columns: [Column], indexes: [Index],
    pages: Int64, estimatedRows: Double, fileNode: UInt32, partitions: [Partition],
    isReadable: Bool, isHeap: Bool, hasActiveRowSecurity: Bool
  ) {
    self.name = name
    self.oid = oid
    self.kind = kind
    self.columns = columns
    self.indexes = indexes
    self.pages = pages
    self.estimatedRows = estimatedRows
    self.fileNode = fileNode
    self.partitions = partitions
    self.isReadable = isReadable
    self.isHeap = isHeap
    self.hasActiveRowSecurity = hasActiveRowSecurity
  }
}

/// What the planner of the server guesses for one query, from `EXPLAIN (FORMAT JSON, VERBOSE)`.
package struct QueryEstimate: Hashable, Sendable {
  package var rows: Double
  package var width: Int
  package var cost: Double
  /// Every relation the plan touches: `schema.name`.
  package var relations: [QualifiedName]
  package var scans: [Scan]
  /// Names of the functions that the plan's expressions call, without their schemas, sorted.
  package var functions: [String]
  /// True where one of them may look at other tables: then the query's answer can change although
  /// no row of `relations` does.
  package var callsReaders = false

  package struct Scan: Hashable, Sendable {
    /// `Seq Scan`, `Index Scan`, `Bitmap Heap Scan`, ...
    package var node: String
    package var relation: QualifiedName?
    package var index: String?

    package init(node: String, relation: QualifiedName?, index: String?) {
      self.node = node
      self.relation = relation
      self.index = index
    }
  }

  package init(
    rows: Double, width: Int, cost: Double, relations: [QualifiedName], scans: [Scan],
    functions: [String] = []
  ) {
    self.rows = rows
    self.width = width
    self.cost = cost
    self.relations = relations
    self.scans = scans
    self.functions = functions
  }

  /// Reads the one-row answer of `EXPLAIN (FORMAT JSON, VERBOSE)`.
  /// - Throws: `Fault` `bad_json`.
  package init(explainJSON text: String) throws(Fault) {
    let document = try JSONValue(parsing: text)
    guard let top = document.elements.first?["Plan"] else {
      throw Fault("bad_json", .internal, "EXPLAIN gave no plan")
    }
    rows = top["Plan Rows"]?.doubleValue ?? 0
    width = top["Plan Width"]?.intValue ?? 0
    cost = top["Total Cost"]?.doubleValue ?? 0
    relations = []
    scans = []
    functions = []
    var calls: Set<String> = []
    visit(top, &calls)
    functions = calls.sorted()
  }

  private mutating func visit(_ node: JSONValue, _ calls: inout Set<String>) {
    let name = node["Relation Name"]?.stringValue.map {
      QualifiedName(schema: node["Schema"]?.stringValue.map(Identifier.init), name: Identifier($0))
    }
    if let name, !relations.contains(name) { relations.append(name) }
    if let type = node["Node Type"]?.stringValue, type.hasSuffix("Scan") {
      scans.append(Scan(node: type, relation: name, index: node["Index Name"]?.stringValue))
    }
    for member in node.members where member.name != "Plans" {
      let texts = member.value.stringValue.map { [$0] } ?? member.value.elements.compactMap(\.stringValue)
      for text in texts { QueryEstimate.addCalls(in: text, to: &calls) }
    }
    for child in node["Plans"]?.elements ?? [] { visit(child, &calls) }
  }

  /// Whatever stands right before a parenthesis. A literal that looks like a call counts as one: what is
  /// asked of the names costs nothing but caution.
  private static func addCalls(in text: String, to calls: inout Set<String>) {
    var name = ""
    var isQuoted = false
    for scalar in text.unicodeScalars {
      if scalar == "\"" {
        if !isQuoted { name = "" }
        isQuoted.toggle()
      } else if isQuoted || scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic
        || ("0"..."9").contains(scalar)
      {
        name.unicodeScalars.append(scalar)
      } else {
        if scalar == "(", !name.isEmpty { calls.insert(name) }
        name = ""
      }
    }
  }
}
