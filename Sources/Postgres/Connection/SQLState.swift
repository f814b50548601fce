package import Model

/// A SQLSTATE: five characters that say what went wrong, and with them whether to try again.
/// Source: PostgreSQL documentation, appendix A.
package struct SQLState: Hashable, Sendable, CustomStringConvertible {
  package let code: String

  package init(_ code: String) {
    self.code = code
  }

  /// `nil` for a text that is no SQLSTATE of a class that is known.
  package init?(ofKnownClass code: String) {
    guard code.utf8.count == 5, Self.classes[String(code.prefix(2))] != nil else { return nil }
    self.code = code
  }

  package var description: String { code }

  /// What Tidemark knows of one SQLSTATE, or of a whole class of them.
  package struct Meaning: Hashable, Sendable {
    /// The fault's code.
    package var name: String
    package var kind: FaultClass
    package var isTransient: Bool
    package var sentence: String
    package var hint: String?

    fileprivate init(
      _ name: String, _ kind: FaultClass, transient isTransient: Bool = false, _ sentence: String,
      hint: String? = nil
    ) {
      self.name = name
      self.kind = kind
      self.isTransient = isTransient
      self.sentence = sentence
      self.hint = hint
    }
  }

  /// The meaning of the code itself, else of its class, else of an error that is not known.
  package var meaning: Meaning {
    Self.codes[code] ?? Self.classes[String(code.prefix(2))] ?? Self.unknown
  }

  /// What a fault's code means that a SQLSTATE has given; of several the first.
  package static func meaning(named name: String) -> Meaning? { meanings.first { $0.name == name } }

  /// Every meaning, those of single codes first.
  package static var meanings: [Meaning] {
    known.map(\.meaning) + [noPartition] + classes.sorted { $0.key < $1.key }.map(\.value) + [unknown]
  }

  /// Of 23514 too, as a partition's bounds are a constraint of it.
  static let noPartition = Meaning(
    "no_partition", .data, "A row belongs into no partition of its table",
    hint: "Create the partition first, for example under `before_publish` of the store")

  private static let unknown = Meaning("postgres_error", .internal, "Postgres reports an error")

  /// True where the primary message, too, may quote a value of a row.
  var quotesValues: Bool { code.hasPrefix("22") && code != "22021" && code != "22012" }

  /// True where the DETAIL names values of a row.
  var detailsRows: Bool { ["21", "22", "23", "44", "P0"].contains(String(code.prefix(2))) }

  /// Every code with a meaning of its own, for the docs and the tests.
  package static var known: [SQLState] { codes.keys.sorted().map { SQLState($0) } }

  private static let classes: [String: Meaning] = [
    "08": Meaning("connection_lost", .connection, transient: true, "The connection failed"),
    "0A": Meaning("not_supported", .validation, "Postgres does not support what the statement asks"),
    "21": Meaning("cardinality", .data, "A subquery gave more than one row"),
    "22": Meaning("bad_value", .data, "Postgres cannot work with a value"),
    "23": Meaning("constraint_violation", .data, "A row breaks a constraint of its table"),
    "25": Meaning("transaction_state", .internal, "The transaction is in the wrong state"),
    "28": Meaning("login_refused", .auth, "The server refuses the login", hint: loginHint),
    "40": Meaning(
      "transaction_rolled_back", .resource, transient: true, "Postgres rolled the transaction back"),
    "42": Meaning("bad_statement", .validation, "Postgres refuses the statement"),
    "44": Meaning("check_option_violation", .data, "A row does not fit the view it is written to"),
    "53": Meaning("server_out_of_resources", .resource, transient: true, "The server is short of resources"),
    "54": Meaning("program_limit", .resource, "The statement is larger than Postgres can handle"),
    "55": Meaning("wrong_state", .resource, "An object is not in the state that the statement needs"),
    "57": Meaning(
      "operator_intervention", .connection, transient: true, "The server was interrupted by its operator"),
    "58": Meaning("server_system_error", .resource, transient: true, "The server's system reports an error"),
    "P0": Meaning("raised_in_function", .data, "A function or trigger in the database raised an error"),
    "XX": Meaning("server_internal_error", .internal, "Postgres reports an internal error"),
  ]

  private static let codes: [String: Meaning] = [
    "22021": Meaning(
      "bad_encoding", .data, "A text is not valid in the server's encoding",
      hint: "Find the row with `convert_to(column, 'UTF8')` and correct it, or leave the column out"),
    "23502": Meaning("not_null_violation", .data, "A NULL would go into a column that is NOT NULL"),
    "23503": Meaning("foreign_key_violation", .data, "A row refers to one that does not exist"),
    "23505": Meaning(
      "unique_violation", .data, "A row would stand twice under a unique key",
      hint: "Compare the sink's `key` with the table's unique indexes"),
    "23514": Meaning("check_violation", .data, "A row breaks a CHECK constraint of its table"),
    "25006": Meaning(
      "read_only_server", .config, "The statement writes, but the server or transaction is read-only",
      hint: "The connection may lead to a standby: add `target_session_attrs=read-write` to its string"),
    "25P03": Meaning(
      "connection_lost", .connection, transient: true,
      "The server closed a connection that was idle in a transaction"),
    "25P04": Meaning(
      "connection_lost", .connection, transient: true,
      "The server's `transaction_timeout` ended the connection"),
    "28000": Meaning(
      "login_refused", .auth, "The server refuses the login",
      hint: "Check the user name, and that `pg_hba.conf` lets it in from this host"),
    "28P01": Meaning("login_refused", .auth, "The server refuses the password", hint: loginHint),
    "3D000": Meaning(
      "unknown_database", .connection, "The database does not exist",
      hint: "List the databases with `psql -l`, and correct the connection string"),
    "3F000": Meaning("unknown_schema", .notFound, "A schema does not exist"),
    "40001": Meaning(
      "serialization_failure", .resource, transient: true,
      "Another transaction, or the replay on a standby, got in the way"),
    "40P01": Meaning(
      "deadlock", .resource, transient: true, "Postgres resolved a deadlock against this transaction"),
    "42501": Meaning(
      "missing_privilege", .auth, "The role lacks a privilege",
      hint:
        "Let the owner of the object GRANT what the cause names: USAGE on the schema, SELECT on what is read; `tidemark grants` prints what the ledger needs"
    ),
    "42601": Meaning("bad_sql", .validation, "The statement is not valid SQL"),
    "42703": Meaning("unknown_column", .notFound, "A column does not exist"),
    "42704": Meaning("unknown_object", .notFound, "An object that the statement names does not exist"),
    "42710": Meaning("already_exists", .validation, "An object of that name exists already"),
    "42804": Meaning("type_mismatch", .validation, "An expression has a type that does not fit"),
    "42883": Meaning("unknown_function", .notFound, "A function or operator does not exist for these types"),
    "42P01": Meaning(
      "unknown_table", .notFound, "A table or view does not exist",
      hint: "Correct its name; one without a schema is looked for in the connection's `search_path`"),
    "42P07": Meaning("already_exists", .validation, "A table of that name exists already"),
    "53100": Meaning("server_disk_full", .resource, transient: true, "The server's disk is full"),
    "53200": Meaning("server_out_of_memory", .resource, transient: true, "The server is out of memory"),
    "53300": Meaning(
      "too_many_connections", .resource, transient: true, "The server has no connection to spare",
      hint: "Lower `max_connections` under the connection or `limits.parallelism`"),
    "53400": Meaning("server_limit", .resource, "A limit set on the server is exceeded"),
    "55006": Meaning("object_in_use", .resource, transient: true, "An object is in use"),
    "55P03": Meaning(
      "lock_not_available", .resource, transient: true, "A lock could not be had in time",
      hint: "See who holds it: `SELECT * FROM pg_locks WHERE NOT granted`"),
    "57014": Meaning(
      "query_cancelled", .resource, "The statement was cancelled on the server",
      hint:
        "Somebody called `pg_cancel_backend`, or a `statement_timeout` passed: see `limits.statement_timeout`"
    ),
    "57P01": Meaning(
      "connection_lost", .connection, transient: true,
      "The server ended the connection by its operator's command"),
    "57P02": Meaning(
      "connection_lost", .connection, transient: true, "The server crashed and closes all connections"),
    "57P03": Meaning(
      "server_starting", .connection, transient: true, "The server does not take connections at this moment"),
    "57P04": Meaning("unknown_database", .connection, "The database was dropped"),
    "57P05": Meaning("connection_lost", .connection, transient: true, "The server closed an idle connection"),
    "72000": Meaning(
      "snapshot_too_old", .resource, transient: true, "The snapshot is too old for the server"),
  ]

  private static let loginHint =
    "Check the user and the password of the connection string (`${env.X}`, `${file:path}`, `~/.pgpass`)"
}
