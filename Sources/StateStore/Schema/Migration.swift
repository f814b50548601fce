/// One numbered step from an older layout of the state to a newer one.
///
/// Steps are only ever added; a released one is never edited.
struct Migration: Sendable {
  let number: Int
  /// Understood by every database: `BIGINT`, `TEXT` and `BYTEA` columns, which SQLite takes as they are.
  let statements: StaticString
  /// What only Postgres needs behind it.
  let postgresStatements: StaticString?

  static let all = [
    Migration(number: 1, statements: stateSchema1, postgresStatements: stateSchema1Postgres),
    // What a trigger's fire was given: JSON text.
    Migration(
      number: 2, statements: "ALTER TABLE fires ADD COLUMN parameters TEXT;", postgresStatements: nil),
    // What schedulers look at for every fire, however many runs are over.
    Migration(
      number: 3, statements: "CREATE INDEX runs_open ON runs (run_id) WHERE is_open = 1;",
      postgresStatements: nil),
    // What made a job due as far as its ledger goes: JSON text. NULL where nobody has looked since.
    Migration(
      number: 4, statements: "ALTER TABLE sightings ADD COLUMN clock TEXT;",
      postgresStatements: "ALTER TABLE sightings ALTER COLUMN clock TYPE text COLLATE \"C\";"),
  ]

  static var newest: Int { all.last?.number ?? 0 }
}
