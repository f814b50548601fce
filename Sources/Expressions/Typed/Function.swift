/// A function or operator of the expression language, by meaning; its overload follows from the
/// operands' types, which `FunctionCatalogue` and `OperatorCatalogue` list.
///
/// What the checker promises about operands:
/// - They stand in the order of the SQL call, also where SQL writes them otherwise:
///   `extract`, `datePart`, `dateTrunc`: field first; `atTimeZone`: value, zone;
///   `position`: string, substring (as `strpos`); `substring`: string, from, length.
/// - Arithmetic and comparison operands share one base type, but for dates, times and intervals
///   (`date + integer`, `date - interval`, `interval * double precision`, `date < timestamptz`).
/// - Fields are canonical: `second`, `microseconds`, `year`. Fields, zones, `to_char` patterns, a `like` pattern written with ESCAPE, and `date_bin`
///   strides are literals. `like` patterns escape with a backslash.
/// - `char(n)` operands occur in comparisons (trailing blanks do not count), in `like` (they
///   do), `length` (they do not) and `octet_length` (they do); elsewhere a cast to text strips them.
/// - `concat` operands are `text`; a NULL one counts as empty. `trim` is never made: it is `btrim`.
package enum Function: String, Hashable, Sendable, CaseIterable {
  // Arithmetic
  case add, subtract, multiply, divide, modulo, power, negate
  case abs, sign, round, ceil, floor, trunc, mod, sqrt, exp, ln, log, div
  case widthBucket = "width_bucket"
  // Comparison: operands share one base type
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  // Text
  case like, notLike, ilike, notIlike
  case concatenate, concat
  case lower, upper, initcap, trim, ltrim, rtrim, btrim
  case length
  case octetLength = "octet_length"
  case left, right, substring, position, strpos, replace, translate
  case splitPart = "split_part"
  case lpad, rpad, `repeat`, reverse
  case startsWith = "starts_with"
  case ascii, md5
  // Dates and times; the zone of `timestamptz` forms is the job's unless given
  case dateTrunc = "date_trunc"
  /// First operand: the field as a text literal. Numeric result, as `extract`.
  case extract
  /// As `extract`, giving double precision.
  case datePart = "date_part"
  case makeDate = "make_date"
  case age
  case dateBin = "date_bin"
  case atTimeZone
  case toChar = "to_char"
}
