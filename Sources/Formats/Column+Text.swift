package import Compute
package import Model

extension Column {
  /// The text that Postgres prints for the value at `row`, moments in UTC; nil for NULL.
  package func postgresText(_ row: Int, as type: SQLType) -> String? {
    guard isValid(row), let array = ArrayForm.postgres(self, row, as: type) else {
      return ValueText.text(self, row, type)
    }
    return String(decoding: array, as: UTF8.self)
  }
}
