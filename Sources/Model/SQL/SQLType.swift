/// A column type as Tidemark knows it: what Postgres calls it, with its modifier.
package enum SQLType: Hashable, Sendable {
  case boolean
  case smallint, integer, bigint
  /// `nil` where the column was declared without precision: values keep their own scale.
  case numeric(NumericModifier?)
  case real, double
  case text
  case varchar(Int?)
  /// Blank-padded; `nil` length is Postgres's internal `bpchar`.
  case char(Int?)
  case name
  /// Carried as its label; compares as text under `C` only for equality.
  case enumeration(name: String)
  case date, timestamp, timestamptz, interval, uuid
  case bytea, json, jsonb
  /// Arrays and the rest: carried as Postgres's binary form, untouched. `name` is how SQL writes it without a
  /// modifier, `declared` with the one that a column has: `numeric[]`, `numeric(10,2)[]`. A type that is not one of
  /// Postgres's own has its schema in both: `public.citext`.
  case opaque(oid: UInt32, name: String, declared: String? = nil)

  package struct NumericModifier: Hashable, Sendable {
    package var precision: Int
    package var scale: Int

    package init(precision: Int, scale: Int) {
      self.precision = precision
      self.scale = scale
    }
  }

  package static var numeric: SQLType { .numeric(nil) }

  /// How the type is written in SQL.
  package var sqlName: String {
    switch self {
    case .boolean: "boolean"
    case .smallint: "smallint"
    case .integer: "integer"
    case .bigint: "bigint"
    case .numeric(nil): "numeric"
    case .numeric(let modifier?): "numeric(\(modifier.precision),\(modifier.scale))"
    case .real: "real"
    case .double: "double precision"
    case .text: "text"
    case .varchar(nil): "character varying"
    case .varchar(let length?): "character varying(\(length))"
    case .char(nil): "bpchar"
    case .char(let length?): "character(\(length))"
    case .name: "name"
    case .enumeration(let name): name
    case .date: "date"
    case .timestamp: "timestamp without time zone"
    case .timestamptz: "timestamp with time zone"
    case .interval: "interval"
    case .uuid: "uuid"
    case .bytea: "bytea"
    case .json: "json"
    case .jsonb: "jsonb"
    case .opaque(_, let name, let declared): declared ?? name
    }
  }

  package var isInteger: Bool {
    switch self {
    case .smallint, .integer, .bigint: true
    default: false
    }
  }

  package var isNumeric: Bool {
    if case .numeric = self { true } else { false }
  }

  package var isFloat: Bool { self == .real || self == .double }

  package var isNumber: Bool { isInteger || isNumeric || isFloat }

  /// Held as UTF-8 text. `char(n)` is among them though its equality ignores trailing blanks.
  package var isText: Bool {
    switch self {
    case .text, .varchar, .char, .name: true
    default: false
    }
  }

  /// Text under a nondeterministic collation, which is only carried, as a type of text's number.
  package var isCarriedText: Bool {
    if case .opaque(let oid, _, _) = self { [25, 1042, 1043].contains(oid) } else { false }
  }

  /// Values are read and compared here, and not only carried.
  package var isComputed: Bool {
    switch self {
    case .bytea, .json, .jsonb, .opaque: false
    default: true
    }
  }

  /// What no build knows by itself: a type that a database names.
  package var isNamedByDatabase: Bool {
    switch self {
    case .enumeration, .opaque: true
    default: false
    }
  }

  package var isChar: Bool {
    if case .char = self { true } else { false }
  }

  /// True where values of both have one form, whatever the modifiers. A type that is only carried is known by its
  /// name as well: in every database its number is another.
  package func isLike(_ other: SQLType) -> Bool {
    guard case .opaque(let oid, let name, _) = self, case .opaque(_, let otherName, _) = other else {
      return base == other.base
    }
    // A plan that an earlier build saved may lack the schema of a type that is not Postgres's own.
    return name == otherName || oid >= SQLType.firstOwnOID && otherName.hasSuffix("." + name)
  }

  /// `FirstNormalObjectId`: what people make in a database has this number or a higher one.
  private static let firstOwnOID: UInt32 = 16_384

  /// The type without its modifier: what two values must share to be compared.
  package var base: SQLType {
    switch self {
    case .numeric: .numeric(nil)
    case .varchar: .varchar(nil)
    case .char: .char(nil)
    case .opaque(let oid, let name, _?): .opaque(oid: oid, name: name)
    default: self
    }
  }
}
