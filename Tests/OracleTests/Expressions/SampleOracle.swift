import Compute
import Model
import Postgres
import Seeds

/// A Postgres session with the table `sample`: gives rows to Tidemark and says what Postgres makes of
/// expressions over them.
struct SampleOracle {
  /// What an expression gives.
  struct Answer: Hashable, Sendable, CustomStringConvertible {
    /// The result's type; empty where the expression as a whole was refused.
    var type: String
    /// Per row: `=` and the value's text, `null`, or `!` and the SQLSTATE. Where the expression was refused: why.
    var rows: [String]

    var description: String { type.isEmpty ? "refused: \(rows.joined())" : "\(type) \(rows)" }
  }

  static let zone = "Europe/Berlin"

  private let connection: Connection

  /// With plans of its own for each row the server would fold a row's NULLs as the constants that a query's columns
  /// are not.
  static let session =
    "SET TimeZone = '\(zone)'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres; SET extra_float_digits = 1; SET plan_cache_mode = force_generic_plan"

  /// Makes the table in a new database.
  static func open(_ settings: ConnectionSettings) async throws -> SampleOracle {
    let connection = try await Connection.open(settings)
    for statement in [session, SampleColumns.definition, evaluate] {
      try await connection.execute(SQLText(trusted: statement))
    }
    return SampleOracle(connection: connection)
  }

  func close() async { await connection.close() }

  /// `DO` plans the query once and runs it row by row, each in a subtransaction of its own.
  private static let evaluate = #"""
    CREATE TABLE answers (number integer, type text, rows text);
    CREATE FUNCTION evaluate(number integer, expression text) RETURNS void LANGUAGE plpgsql AS $evaluate$
    BEGIN
      EXECUTE 'DO $do$ DECLARE value text; rows text[] := ''{}'';
        BEGIN
          FOR row IN 0..' || (SELECT max(id) FROM sample) || ' LOOP
            BEGIN
              SELECT (' || expression || ')::text INTO value FROM sample WHERE id = row;
              rows := rows || coalesce(''='' || value, ''null'');
            EXCEPTION WHEN OTHERS THEN
              rows := rows || (''!'' || SQLSTATE);
            END;
          END LOOP;
          INSERT INTO answers
            SELECT ' || number || ', pg_typeof((SELECT ' || expression || ' FROM sample WHERE false))::text,
              array_to_string(rows, E''\x1E'');
        END $do$';
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO answers VALUES (number, '', SQLSTATE || ': ' || SQLERRM);
    END
    $evaluate$
    """#

  /// Fills the table anew.
  func fill(_ rows: [[String?]]) async throws {
    let values: [SQLText] = rows.enumerated().map { number, row in
      "(\(number), \(row.map { $0.map(SQLText.string) ?? "NULL" }, separator: ", "))"
    }
    try await connection.execute("DELETE FROM sample; INSERT INTO sample VALUES \(values, separator: ", ")")
  }

  /// The rows as Tidemark reads them.
  func decoded() async throws -> SampleRows {
    var bytes: [UInt8] = []
    let names = SampleColumns.schema.map { Identifier($0.name) }
    try await connection.copyOut(
      "COPY (SELECT \(names) FROM sample ORDER BY id) TO STDOUT (FORMAT binary)"
    ) { bytes += $0 }
    return try SampleRows.decode(bytes)
  }

  /// What Postgres answers to each of `expressions`.
  func answers(_ expressions: [GeneratedExpression]) async throws -> [Answer] {
    if expressions.isEmpty { return [] }
    let list: [SQLText] = expressions.enumerated().map { number, expression in
      "(\(number), \(.string(expression.text)))"
    }
    try await connection.execute(
      "TRUNCATE answers; SELECT count(evaluate(number, expression)) FROM (VALUES \(list, separator: ", ")) AS e (number, expression)"
    )
    return try await connection.query("SELECT type, rows FROM answers ORDER BY number").rows.map { row in
      let (type, rows) = (row[0] == "character" ? "bpchar" : row[0] ?? "", row[1] ?? "")
      return Answer(
        type: type,
        rows: type.isEmpty
          ? [rows]
          : rows.unicodeScalars.split(separator: "\u{1E}", omittingEmptySubsequences: false).map(String.init))
    }
  }
}
