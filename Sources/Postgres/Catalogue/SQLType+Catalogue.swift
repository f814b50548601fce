internal import Model

extension SQLType {
  /// The type that the catalogue's number and modifier stand for.
  /// - Parameters:
  ///   - isEnum: true for an enum type.
  ///   - name: without a modifier, and with its schema where it is not one of Postgres's own.
  ///   - declared: with the modifier, where there is one.
  init(oid: UInt32, modifier: Int32, isEnum: Bool, name: String, declared: String?) {
    if let builtIn = SQLType(oid: oid, modifier: modifier) {
      self = builtIn
    } else if isEnum {
      self = .enumeration(name: name)
    } else {
      self = .opaque(oid: oid, name: name, declared: declared)
    }
  }

  /// One of the types that Tidemark computes with; `nil` for all others. The numbers are fixed in
  /// Postgres's `pg_type.dat`. A timestamp's or interval's modifier only rounds what is stored.
  init?(oid: UInt32, modifier: Int32) {
    // Modifiers of these types are 4 more than what was declared, -1 for nothing declared.
    let length = modifier >= 4 ? Int(modifier - 4) : nil
    switch oid {
    case 16: self = .boolean
    case 17: self = .bytea
    case 19: self = .name
    case 20: self = .bigint
    case 21: self = .smallint
    case 23: self = .integer
    case 25: self = .text
    case 114: self = .json
    case 700: self = .real
    case 701: self = .double
    case 1042: self = .char(length)
    case 1043: self = .varchar(length)
    case 1082: self = .date
    case 1114: self = .timestamp
    case 1184: self = .timestamptz
    case 1186: self = .interval
    case 1700: self = .numeric(length.map(NumericModifier.init(packed:)))
    case 2950: self = .uuid
    case 3802: self = .jsonb
    default: return nil
    }
  }
}

extension SQLType.NumericModifier {
  /// Precision in the upper half; scale in the lower eleven bits, signed since version 15.
  fileprivate init(packed: Int) {
    self.init(precision: packed >> 16 & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024)
  }
}
