package import Model

extension SQLType {
  /// Whether files have a form for the type's values: for all but those that are only carried, of which arrays of
  /// Postgres's own types have one.
  package var hasFileForm: Bool {
    guard case .opaque(let oid, _, _) = self else { return true }
    return isHeldAsText || SQLType.arrays.contains(oid)
  }

  /// Values whose bytes are their text.
  var isHeldAsText: Bool {
    switch self {
    case .text, .varchar, .char, .name, .enumeration, .json, .jsonb: true
    default: isCarriedText
    }
  }

  /// The numbers of the arrays that can be taken apart, in the order of `pg_type.dat`.
  private static let arrays: Set<UInt32> = [
    199, 1000, 1001, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 1187, 1231, 2951,
    3807,
  ]
}
