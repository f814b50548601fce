/// A column's name and type, as it travels between rooms.
package struct ColumnSchema: Hashable, Sendable {
  package var name: String
  package var type: SQLType
  /// False only where the catalogue guarantees it.
  package var isNullable: Bool
  /// A column named in `source.sensitive`, or derived from one: never shown outside the result.
  package var isSensitive: Bool
  /// A text column whose collation is nondeterministic: it may be carried and shown, but not be
  /// a key or compared.
  package var isNondeterministic: Bool

  package init(
    name: String, type: SQLType, isNullable: Bool = true, isSensitive: Bool = false,
    isNondeterministic: Bool = false
  ) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.isSensitive = isSensitive
    self.isNondeterministic = isNondeterministic
  }
}
