internal import Model

extension TypedExpression {
  /// True where Postgres gives the same answer whatever its settings, version and collations:
  /// comparisons of integers, numerics and moments, text equality, IS NULL, and logic over them.
  package var isPortable: Bool {
    switch node {
    case .literal: return Self.isPortable(type)
    case .column: return Self.isPortable(type)
    case .and, .or, .not, .isNull, .isBoolean: return operands.allSatisfy(\.isPortable)
    case .call(let function, let operands):
      switch function {
      case .equal, .notEqual: break
      case .less, .lessOrEqual, .greater, .greaterOrEqual:
        if operands.contains(where: { $0.type.isText }) { return false }
      default: return false
      }
      return areComparable
    case .isDistinct, .inList: return areComparable
    case .cast(let operand):
      if operand.type.isInteger { return operand.isPortable && (type.isInteger || type == .numeric) }
      if case .varchar = operand.type { return operand.isPortable && type == .text }
      return operand.isPortable && type.base == operand.type.base
    default: return false
    }
  }

  /// Portable operands of one base type. A date or time against another kind of time asks for the zone's rules.
  private var areComparable: Bool {
    operands.allSatisfy { $0.isPortable && $0.type.base == operands[0].type.base }
  }

  private static func isPortable(_ type: SQLType) -> Bool {
    switch type {
    case .boolean, .smallint, .integer, .bigint, .numeric, .text, .varchar, .date, .timestamp, .timestamptz:
      true
    default: false
    }
  }

  /// True where no row can make the expression fault.
  package var cannotFault: Bool {
    guard operands.allSatisfy(\.cannotFault) else { return false }
    switch node {
    case .call(let function, let operands): return Self.isTotal(function, operands)
    case .cast(let operand): return Self.isTotalCast(operand.type, type)
    case .assign: return false
    default: return true
    }
  }

  private static func isTotal(_ function: Function, _ operands: [TypedExpression]) -> Bool {
    switch function {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    case .lower, .upper, .initcap, .trim, .btrim, .ltrim, .rtrim, .length, .octetLength, .left, .right,
      .position,
      .strpos, .translate, .reverse, .startsWith, .ascii, .md5:
      true
    case .abs, .negate: operands[0].type.isNumeric || operands[0].type.isFloat
    case .sign, .floor, .ceil, .round, .trunc: operands.count == 1
    default: false
    }
  }

  private static func isTotalCast(_ from: SQLType, _ to: SQLType) -> Bool {
    if from == to { return true }
    switch (from, to) {
    case (_, .text), (_, .varchar(nil)): return true
    case (_, .varchar), (_, .char): return from.isText
    case (.smallint, .integer), (.smallint, .bigint), (.integer, .bigint): return true
    case (.smallint, .numeric(nil)), (.integer, .numeric(nil)), (.bigint, .numeric(nil)),
      (.numeric, .numeric(nil)):
      return true
    case (.smallint, .double), (.integer, .double), (.bigint, .double), (.real, .double): return true
    case (.smallint, .real), (.integer, .real), (.bigint, .real): return true
    case (.integer, .boolean), (.boolean, .integer): return true
    case (.timestamp, .date), (.timestamptz, .date): return true
    default: return false
    }
  }
}
