internal import Model

extension SQLType {
  /// As people write it: `bpchar` is Postgres's own word, for `char` of any length.
  var shownName: String { self == .char(nil) ? "char(n)" : sqlName }
}
