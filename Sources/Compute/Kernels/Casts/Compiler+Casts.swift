internal import Expressions
internal import Model

/// Casts: which kernels lead from one type to another. A cast that changes neither the lanes nor the value's
/// meaning is no kernel at all.
extension Compiler {
  mutating func cast(_ operand: TypedExpression, to type: SQLType) throws(Fault) -> Register {
    try cast(try compile(operand), from: operand.type, to: type)
  }

  /// A cast that a text which is too long for `type` does not pass.
  mutating func assign(_ operand: TypedExpression, to type: SQLType) throws(Fault) -> Register {
    guard let length = type.textLength else { return try cast(operand, to: type) }
    let text = try unary(try cast(operand, to: .text), .text) {
      TextFitting(rule: .fit(length, type), operand: $0, output: $1)
    }
    return try cast(text, from: .text, to: type)
  }

  mutating func cast(_ from: Register, from source: SQLType, to type: SQLType) throws(Fault) -> Register {
    if source == type { return from }
    switch type {
    case .boolean:
      if source.isInteger { return try unary(from, type) { IntegerToBoolean(operand: $0, output: $1) } }
      if source.isTextual {
        return try throughText(from, source, type) { TextToBoolean(operand: $0, output: $1) }
      }
    case .smallint, .integer, .bigint: return try castToInteger(from, source, type)
    case .numeric(let modifier): return try castToNumeric(from, source, modifier)
    case .real, .double: return try castToFloat(from, source, type)
    case .text, .varchar, .char, .name, .enumeration: return try castToText(from, source, type)
    case .date, .timestamp, .timestamptz, .interval: return try castToMoment(from, source, type)
    case .uuid:
      if source.isTextual {
        return try throughText(from, source, type) { TextToUUID(operand: $0, output: $1) }
      }
    case .bytea, .json, .jsonb, .opaque:
      if ColumnForm(source) == .bytes, source.base == type.base { return from }
    }
    throw notCompilable("a cast from \(source.sqlName) to \(type.sqlName)")
  }

  /// Emits a kernel from one register to a new one.
  mutating func unary(
    _ from: Register, _ type: SQLType, _ make: (Register, Register) -> any Kernel
  ) throws(Fault) -> Register {
    let output = output(type)
    emit(make(from, output))
    release(from)
    return output
  }

  /// As `unary`, after taking the blanks off a `char(n)`.
  mutating func throughText(
    _ from: Register, _ source: SQLType, _ type: SQLType,
    _ make: (Register, Register) -> any Kernel
  ) throws(Fault) -> Register {
    try unary(try castToText(from, source, .text), type, make)
  }

  private mutating func castToInteger(
    _ from: Register, _ source: SQLType, _ type: SQLType
  ) throws(Fault) -> Register {
    let range = IntegerRange(type)
    switch source {
    case .boolean: return try unary(from, type) { IntegerToBoolean(operand: $0, output: $1) }
    case .smallint, .integer, .bigint:
      let widens =
        source == .smallint || type == .bigint || (source == .integer && type == .integer)
      if widens { return from }
      return try unary(from, type) { IntegerToInteger(range: range, operand: $0, output: $1) }
    case .numeric:
      return try unary(from, type) { NumericToInteger(range: range, operand: $0, output: $1) }
    case .real, .double:
      return try unary(from, type) { FloatToInteger(range: range, operand: $0, output: $1) }
    default:
      guard source.isTextual else {
        throw notCompilable("a cast from \(source.sqlName) to \(type.sqlName)")
      }
      return try throughText(from, source, type) {
        TextToInteger(range: range, operand: $0, output: $1)
      }
    }
  }

  private mutating func castToNumeric(
    _ from: Register, _ source: SQLType, _ modifier: SQLType.NumericModifier?
  ) throws(Fault) -> Register {
    var number = from
    switch source {
    case .smallint, .integer, .bigint:
      number = try unary(from, .numeric) { IntegerToNumeric(operand: $0, output: $1) }
    case .real, .double:
      let isReal = source == .real
      number = try unary(from, .numeric) { FloatToNumeric(isReal: isReal, operand: $0, output: $1) }
    case .numeric(let own):
      // Values of the very same declared type are fitted already.
      if own == modifier { return from }
    default:
      guard source.isTextual else { throw notCompilable("a cast from \(source.sqlName) to numeric") }
      number = try throughText(from, source, .numeric) { TextToNumeric(operand: $0, output: $1) }
    }
    guard let modifier else { return number }
    let decimals = literal(.integer(Int64(modifier.scale)), .integer)
    let precision = modifier.precision
    return try unary(number, .numeric(modifier)) {
      NumericRounding(rule: .fit(precision: precision), operand: $0, decimals: decimals, output: $1)
    }
  }

  private mutating func castToFloat(
    _ from: Register, _ source: SQLType, _ type: SQLType
  ) throws(Fault) -> Register {
    let isReal = type == .real
    switch source {
    case .real: return from
    case .double: return try unary(from, type) { DoubleToReal(operand: $0, output: $1) }
    case .smallint, .integer, .bigint:
      return try unary(from, type) { IntegerToFloat(isReal: isReal, operand: $0, output: $1) }
    case .numeric:
      return try unary(from, type) { NumericToFloat(isReal: isReal, operand: $0, output: $1) }
    default:
      guard source.isTextual else {
        throw notCompilable("a cast from \(source.sqlName) to \(type.sqlName)")
      }
      return try throughText(from, source, type) {
        TextToFloat(isReal: isReal, operand: $0, output: $1)
      }
    }
  }

  mutating func castToText(_ from: Register, _ source: SQLType, _ type: SQLType) throws(Fault) -> Register {
    var text = from
    switch source {
    case .text, .varchar, .name, .enumeration, .json, .jsonb: break
    case .char:
      if case .char = type { break }
      text = try unary(from, .text) { BlankStripping(operand: $0, output: $1) }
    case .bytea, .opaque: throw notCompilable("a cast from \(source.sqlName) to \(type.sqlName)")
    default:
      let zone = zones.session
      text = try unary(from, .text) { ToText(type: source, zone: zone, operand: $0, output: $1) }
    }
    switch type {
    case .varchar(let length?):
      if case .varchar(let own?) = source, own <= length { return text }
      return try unary(text, type) { TextFitting(rule: .cut(length), operand: $0, output: $1) }
    case .char(let length?):
      return try unary(text, type) { TextFitting(rule: .pad(length), operand: $0, output: $1) }
    case .name:
      return try unary(text, type) { TextFitting(rule: .name, operand: $0, output: $1) }
    default: return text
    }
  }
}

extension SQLType {
  /// The most characters that the type holds, where it says so.
  fileprivate var textLength: Int? {
    switch self {
    case .varchar(let length), .char(let length): length
    default: nil
    }
  }

  /// Held as UTF-8 and read as text: text types and enums.
  var isTextual: Bool {
    if case .enumeration = self { true } else { isText }
  }
}
