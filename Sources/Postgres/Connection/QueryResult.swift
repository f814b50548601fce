internal import CLibPQ
package import Model

/// The rows of one query, as Postgres's text forms.
package struct QueryResult: Sendable {
  package let columns: [Column]
  package let rows: [Row]
  /// Rows touched by an INSERT, UPDATE, DELETE or MERGE, or given by a SELECT.
  package let affectedRows: Int

  package struct Column: Hashable, Sendable {
    package let name: String
    package let typeOID: UInt32
    package let typeModifier: Int32
    /// The table and the attribute number the column comes from; 0 for an expression.
    package let tableOID: UInt32
    package let attribute: Int32
  }

  /// One row; columns by position or by name.
  package struct Row: Sendable {
    fileprivate let values: [String?]
    fileprivate let positions: [String: Int]

    package subscript(_ position: Int) -> String? { values[position] }
    package var count: Int { values.count }

    /// - Throws: `Fault` `unexpected_result` where there is no such column.
    package func text(_ name: String) throws(Fault) -> String? {
      guard let position = positions[name] else {
        throw Fault("unexpected_result", .internal, "The answer has no column `\(name)`")
      }
      return values[position]
    }

    /// - Throws: `Fault` `unexpected_result` where the value is NULL or there is no such column.
    package func string(_ name: String) throws(Fault) -> String {
      guard let value = try text(name) else { throw QueryResult.unexpected(name, "a value") }
      return value
    }

    /// - Throws: `Fault` `unexpected_result` where the value is no whole number, NULL, or there is no such column.
    package func integer(_ name: String) throws(Fault) -> Int {
      try integer(name, as: Int.self)
    }

    package func integer<Number: FixedWidthInteger>(
      _ name: String, as type: Number.Type = Number.self
    ) throws(Fault) -> Number {
      guard let value = try text(name).flatMap({ Number($0) }) else {
        throw QueryResult.unexpected(name, "a whole number")
      }
      return value
    }

    /// - Throws: `Fault` `unexpected_result` where the value is no number, NULL, or there is no such column.
    package func number(_ name: String) throws(Fault) -> Double {
      guard let value = try text(name).flatMap({ Double($0) }) else {
        throw QueryResult.unexpected(name, "a number")
      }
      return value
    }

    /// - Throws: `Fault` `unexpected_result` where the value is NULL or there is no such column.
    package func boolean(_ name: String) throws(Fault) -> Bool {
      switch try text(name) {
      case "t": return true
      case "f": return false
      default: throw QueryResult.unexpected(name, "true or false")
      }
    }
  }

  /// The only row.
  /// - Throws: `Fault` `unexpected_result` where there is none or more than one.
  package var onlyRow: Row {
    get throws(Fault) {
      guard rows.count == 1 else {
        throw Fault(
          "unexpected_result", .internal, "The answer has \(rows.count) rows where one was expected")
      }
      return rows[0]
    }
  }

  fileprivate static func unexpected(_ name: String, _ what: String) -> Fault {
    Fault("unexpected_result", .internal, "The answer's column `\(name)` does not hold \(what)")
  }

  init(_ result: borrowing ResultHandle) {
    let pointer = result.pointer
    columns = (0..<PQnfields(pointer)).map { field in
      Column(
        name: String(cString: PQfname(pointer, field)), typeOID: PQftype(pointer, field),
        typeModifier: PQfmod(pointer, field), tableOID: PQftable(pointer, field),
        attribute: PQftablecol(pointer, field))
    }
    var positions: [String: Int] = [:]
    for (position, column) in columns.enumerated() where positions[column.name] == nil {
      positions[column.name] = position
    }
    rows = (0..<PQntuples(pointer)).map { row in
      Row(
        values: (0..<PQnfields(pointer)).map { field in
          if PQgetisnull(pointer, row, field) == 1 { return nil }
          let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(pointer, row, field), count: Int(PQgetlength(pointer, row, field)))
          return String(decoding: bytes, as: UTF8.self)
        }, positions: positions)
    }
    affectedRows = Int(String(cString: PQcmdTuples(pointer))) ?? 0
  }
}

/// A value sent beside a statement instead of inside it: for blocks of bytes and long texts, which
/// need no quoting and no second copy there.
package enum StatementParameter: Hashable, Sendable {
  case null
  /// In the type's text form; the statement's context or a cast says which type.
  case text(String)
  case integer(Int64)
  /// A `bytea`.
  case bytes([UInt8])
}

/// libpq's result, freed exactly once. Freed after its last use: what its pointer leads to is looked at within
/// a method or a borrow, never through `pointer` of a value that nobody holds.
struct ResultHandle: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit { PQclear(pointer) }

  var status: ExecStatusType { PQresultStatus(pointer) }

  /// The command's name and count: `COMMIT`, `INSERT 0 5`.
  var commandTag: String { String(cString: PQcmdStatus(pointer)) }
}
