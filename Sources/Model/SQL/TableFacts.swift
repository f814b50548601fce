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

    /// For sentences.
    package var shown: String {
      switch self {
      case .table, .view: rawValue
      case .partitioned: "partitioned table"
      case .materialized: "materialized view"
      case .foreign: "foreign table"
      }
    }
  }

  package struct Column: Hashable, Sendable {
    package var name: String
    package var type: SQLType
    package var isNullable: Bool
    /// `nil` for types that have none.
    package var collation: Collation?
    /// True for generated columns and `GENERATED ALWAYS` identities, which cannot be written.
    package var isGenerated: Bool
    package var hasDefault: Bool
    /// The type with all of its modifier, as Postgres writes it: `timestamp(0) without time zone`.
    package var declared: String?

    /// How many decimals of a second a column of times keeps.
    package var secondDecimals: Int {
      guard let declared, let open = declared.firstIndex(of: "("), let close = declared.firstIndex(of: ")"),
        let decimals = Int(declared[declared.index(after: open)..<close])
      else { return 6 }
      return decimals
    }

    package init(
      name: String, type: SQLType, isNullable: Bool, collation: Collation? = nil,
      isGenerated: Bool = false, hasDefault: Bool = false, declared: String? = nil
    ) {
      self.name = name
      self.type = type
      self.isNullable = isNullable
      self.collation = collation
      self.isGenerated = isGenerated
      self.hasDefault = hasDefault
      self.declared = declared
    }
  }

  package enum Collation: Hashable, Sendable {
    case deterministic
    /// Texts of different bytes may be equal.
    case nondeterministic
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

  /// Without what rows alone change, and indexes: the same for as long as nobody alters or rewrites the relation.
  package var form: TableFacts {
    var form = self
    (form.pages, form.estimatedRows, form.indexes) = (0, 0, [])
    for index in form.partitions.indices {
      (form.partitions[index].pages, form.partitions[index].estimatedRows) = (0, 0)
    }
    return form
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
