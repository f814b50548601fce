internal import Compute
internal import Model

extension Column {
  /// The text that Postgres prints for the value at `row`; nil for NULL.
  func postgresText(_ row: Int, as type: SQLType) -> String? {
    // Reals are held widened; printed as doubles, 0.1 would show digits that it never had.
    if type == .real, isValid(row) { return PostgresFloat.text(Float(doubles[row])) }
    return value(at: row).postgresText
  }
}
