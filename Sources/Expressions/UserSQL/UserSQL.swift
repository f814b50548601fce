package import Model

/// SQL that a job's author wrote, checked to be one closed piece and ready to stand inside
/// Tidemark's own.
///
/// What is taken has balanced parentheses, quotes and comments, no `;`, and nothing whose answer
/// would differ from chunk to chunk. Whatever values its references have, they cannot change its shape.
package struct UserSQL: Hashable, Sendable {
  package let source: SourceText
  package let role: Role
  private let parts: [Part]

  package enum Role: Hashable, Sendable {
    /// `where` and `add_columns`.
    case expression
    /// `query`: one SELECT, VALUES or WITH.
    case query
    /// `before_publish` and `after_publish`: one statement that runs on its own.
    case statement
  }

  enum Part: Hashable, Sendable {
    /// As it goes to the server, and where it begins in the source's UTF-8.
    case text(String, offset: Int)
    case reference(Reference)
  }

  /// - Throws: `Fault` with its place: `bad_sql_text`, `reference_in_quotes`, `bad_reference`, `unbalanced`,
  ///   `refused_sql`, `refused_function`.
  package init(expression source: SourceText) throws(Fault) { try self.init(source, .expression) }
  package init(query source: SourceText) throws(Fault) { try self.init(source, .query) }
  package init(statement source: SourceText) throws(Fault) { try self.init(source, .statement) }

  private init(_ source: SourceText, _ role: Role) throws(Fault) {
    self.source = source
    self.role = role
    var reader = try UserSQLReader(source, role)
    parts = try reader.read()
  }

  /// Every reference, in reading order.
  package var references: [Reference] {
    parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
  }

  /// The SQL with each reference as one parenthesised, typed literal; expressions and queries are
  /// wrapped as `(\n...\n)`, so that a comment at their end ends with them.
  /// - Throws: `Fault` of a reference without a value.
  package func resolved(_ references: ReferenceScope) throws(Fault) -> SQLText {
    var sql = SQLText(trusted: "")
    for part in parts {
      switch part {
      case .text(let piece, let offset): sql.append(piece, of: source, at: offset)
      case .reference(let reference):
        let (value, type) = try references.value(of: reference)
        sql.append(SQLText.literal(value, as: type), writtenAt: reference.place)
      }
    }
    return role == .statement ? sql : "(\n\(sql)\n)"
  }
}
