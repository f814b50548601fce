package import Model

extension Column {
  /// The text that Postgres prints for the value at `row`, moments in UTC; nil for NULL.
  package func postgresText(_ row: Int, as type: SQLType) -> String? {
    guard isValid(row) else { return nil }
    if let array = ArrayForm.postgres(self, row, as: type) { return String(decoding: array, as: UTF8.self) }
    return type == .real ? PostgresFloat.text(Float(doubles[row])) : value(at: row).postgresText
  }
}
