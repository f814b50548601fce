internal import Model

/// Postgres's rules on which type goes where: categories, preferred types, implicit and explicit
/// casts (`pg_type.typcategory`, `pg_cast`).
enum TypeRules {
  enum Category { case boolean, number, string, moment, span, user }

  static func category(_ type: SQLType) -> Category {
    switch type {
    case .boolean: .boolean
    case .smallint, .integer, .bigint, .numeric, .real, .double: .number
    case .text, .varchar, .char, .name: .string
    case .date, .timestamp, .timestamptz: .moment
    case .interval: .span
    case .enumeration, .uuid, .bytea, .json, .jsonb, .opaque: .user
    }
  }

  static func isPreferred(_ type: SQLType) -> Bool {
    switch type {
    case .boolean, .double, .text, .timestamptz, .interval: true
    default: false
    }
  }

  /// True where Postgres converts without being asked. Base types.
  static func isImplicit(_ from: SQLType, to: SQLType) -> Bool {
    if from.base == to.base { return true }
    switch (from.base, to.base) {
    case (.smallint, .integer), (.smallint, .bigint), (.integer, .bigint): return true
    case (.smallint, .numeric), (.integer, .numeric), (.bigint, .numeric): return true
    case (.smallint, .real), (.integer, .real), (.bigint, .real), (.numeric, .real): return true
    case (.smallint, .double), (.integer, .double), (.bigint, .double), (.numeric, .double), (.real, .double):
      return true
    case (.text, .varchar), (.text, .char), (.text, .name): return true
    case (.varchar, .text), (.varchar, .char), (.varchar, .name): return true
    case (.char, .text), (.char, .varchar), (.char, .name): return true
    case (.name, .text): return true
    case (.date, .timestamp), (.date, .timestamptz), (.timestamp, .timestamptz): return true
    default: return false
    }
  }

  /// True where a value may be stored in a column of the type without a written cast.
  static func isAssignable(_ from: SQLType, to: SQLType) -> Bool {
    if isImplicit(from, to: to) { return true }
    switch (category(from), category(to)) {
    case (.number, .number), (.moment, .moment), (.string, .string): return true
    case (_, .string): return canCast(from, to: to)
    default: return false
    }
  }

  /// True where `CAST` or `::` works and can be computed here.
  static func canCast(_ from: SQLType, to: SQLType) -> Bool {
    if isOpaque(from) || isOpaque(to) { return from.base == to.base }
    if isImplicit(from, to: to) { return true }
    switch (category(from), category(to)) {
    case (.number, .number), (.moment, .moment), (.string, .string): return true
    case (.boolean, .number): return to.base == .integer
    case (.number, .boolean): return from.base == .integer
    case (.string, .user): return to.base == .uuid
    case (.string, _), (_, .string): return true
    default: return from.base == to.base
    }
  }

  /// Only carried: nothing is computed from it.
  static func isOpaque(_ type: SQLType) -> Bool {
    switch type {
    case .bytea, .json, .jsonb, .opaque: true
    default: false
    }
  }

  /// The type that Postgres's `select_common_type` gives `types`; `nil` stands for an untyped
  /// literal. `nil` where there is none.
  static func common(_ types: [SQLType?]) -> SQLType? {
    let known = types.compactMap { $0?.base }
    guard var chosen = known.first else { return .text }
    if known.count == types.count, known.allSatisfy({ $0 == chosen }) { return chosen }
    for next in known.dropFirst() where next != chosen {
      if category(next) != category(chosen) { return nil }
      if !isPreferred(chosen), isImplicit(chosen, to: next), !isImplicit(next, to: chosen) { chosen = next }
    }
    return known.allSatisfy { isImplicit($0, to: chosen) } ? chosen : nil
  }
}
