/// Says why one row's value cannot be computed, in the words and with the SQLSTATE that Postgres would use.
///
/// A row fault belongs to its row and never stops the process; what happens next is the step's `on_fail`.
/// The sentence holds no row data: text that could not be read is kept apart in `offendingText`, so that
/// logs and notices can leave it out.
package struct RowFault: Error, Sendable, Hashable {
  /// The five characters of the SQLSTATE, e.g. `22003`.
  package var sqlState: String
  package var sentence: String
  package var offendingText: String?

  package init(sqlState: String, sentence: String, offendingText: String? = nil) {
    self.sqlState = sqlState
    self.sentence = sentence
    self.offendingText = offendingText
  }
}

extension RowFault {
  /// A number that its type cannot hold (22003): `integer out of range`.
  package static func numericOutOfRange(_ type: String) -> RowFault {
    RowFault(sqlState: "22003", sentence: "\(type) out of range")
  }

  /// A text that names a number its type cannot hold (22003).
  package static func numericOutOfRange(_ type: String, text: String) -> RowFault {
    RowFault(sqlState: "22003", sentence: "value out of range for type \(type)", offendingText: text)
  }

  /// More digits than Postgres's numeric can hold at all (22003).
  package static let numericOverflow = RowFault(
    sqlState: "22003", sentence: "value overflows numeric format")

  /// A number with too many digits for a declared `numeric(precision,scale)` (22003).
  package static func numericFieldOverflow(precision: Int, scale: Int) -> RowFault {
    RowFault(sqlState: "22003", sentence: "numeric field overflow: numeric(\(precision),\(scale))")
  }

  /// NaN or an infinity where the type has none (0A000, as Postgres raises it).
  package static func cannotConvert(_ special: String, to type: String) -> RowFault {
    RowFault(sqlState: "0A000", sentence: "cannot convert \(special) to \(type)")
  }

  package static let divisionByZero = RowFault(sqlState: "22012", sentence: "division by zero")

  /// Text that does not read as the type (22P02).
  package static func invalidText(_ type: String, _ text: String) -> RowFault {
    RowFault(
      sqlState: "22P02", sentence: "invalid input syntax for type \(type)", offendingText: text)
  }

  /// Bytes that are not the type's binary form (22P03).
  package static func invalidBinary(_ type: String) -> RowFault {
    RowFault(sqlState: "22P03", sentence: "invalid binary form of type \(type)")
  }

  /// A date or time that cannot exist or that the type cannot hold (22008).
  package static func datetimeOutOfRange(_ type: String, text: String? = nil) -> RowFault {
    RowFault(sqlState: "22008", sentence: "\(type) out of range", offendingText: text)
  }

  /// A date or time field beyond its range, such as 30 February (22008).
  package static func datetimeFieldOverflow(_ text: String) -> RowFault {
    RowFault(
      sqlState: "22008", sentence: "date/time field value out of range", offendingText: text)
  }

  /// An interval field beyond its range (22015).
  package static func intervalFieldOverflow(_ text: String) -> RowFault {
    RowFault(
      sqlState: "22015", sentence: "interval field value out of range", offendingText: text)
  }

  /// Text that does not read as a date, time or interval (22007).
  package static func invalidDatetime(_ type: String, _ text: String) -> RowFault {
    RowFault(
      sqlState: "22007", sentence: "invalid input syntax for type \(type)", offendingText: text)
  }

  /// A time zone's name that the zone data does not know (22023).
  package static func unknownZone(_ name: String) -> RowFault {
    RowFault(sqlState: "22023", sentence: "time zone not recognized", offendingText: name)
  }

  /// An argument that the function does not accept (22023).
  package static func invalidParameter(_ sentence: String) -> RowFault {
    RowFault(sqlState: "22023", sentence: sentence)
  }
}
