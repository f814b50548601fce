/// The form in which a COPY sends rows.
package enum CopyFormat: Hashable, Sendable {
  case binary
  case text

  /// The form that costs the server less for rows of `columns`.
  ///
  /// Most of a fetch's time goes into the server's making of values, and the text of a number costs it less
  /// than its binary form does. Only types whose text says the same under every setting of our sessions come
  /// as text; one other among the columns, and all come in binary.
  package init(fetching columns: [ColumnSchema]) {
    var saving = 0.0
    for column in columns {
      guard let part = Self.saving(column.type) else {
        self = .binary
        return
      }
      saving += part
    }
    self = saving > 0 ? .text : .binary
  }

  /// Nanoseconds that text saves the server for a value; `nil` where it is not to be had as text.
  /// Measured on Postgres 15 as the processor time of a COPY of each type.
  private static func saving(_ type: SQLType) -> Double? {
    switch type {
    case .boolean, .smallint, .integer, .bigint, .numeric, .name, .enumeration: 12
    // As its days, as a fetch of a table sends it, it costs as much in either form.
    case .date: 0
    // The server looks at each byte for what it must escape.
    case .char(let length), .varchar(let length): max(20 - Double(length ?? 60) / 2, -50)
    case .text: -10
    case .json: -50
    case .real, .double, .timestamp, .timestamptz, .interval, .uuid, .bytea, .jsonb, .opaque: nil
    }
  }

  /// How the form is asked for: `(FORMAT binary)`.
  package var options: SQLText {
    switch self {
    case .binary: "(FORMAT binary)"
    case .text: "(FORMAT text)"
    }
  }
}
