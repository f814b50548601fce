internal import Expressions
internal import Model

/// Which kernel computes a function or operator: settled by the function and its operands' types.
extension Compiler {
  mutating func call(
    _ function: Function, _ operands: [TypedExpression], _ expression: TypedExpression
  ) throws(Fault) -> Register {
    switch function {
    case .equal: return try comparison(.equal, operands)
    case .notEqual: return try comparison(.notEqual, operands)
    case .less: return try comparison(.less, operands)
    case .lessOrEqual: return try comparison(.lessOrEqual, operands)
    case .greater: return try comparison(.greater, operands)
    case .greaterOrEqual: return try comparison(.greaterOrEqual, operands)
    case .like: return try like(operands, ignoresCase: false, negated: false)
    case .notLike: return try like(operands, ignoresCase: false, negated: true)
    case .ilike: return try like(operands, ignoresCase: true, negated: false)
    case .notIlike: return try like(operands, ignoresCase: true, negated: true)
    case .concatenate: return try concatenation(operands, skipsNulls: false)
    case .concat: return try concatenation(operands, skipsNulls: true)
    case .dateTrunc, .extract, .datePart, .makeDate, .age, .dateBin, .atTimeZone, .toChar:
      return try momentCall(function, operands, expression.type)
    default: break
    }
    if operands.contains(where: { $0.type.isMoment }) {
      return try momentCall(function, operands, expression.type)
    }
    var registers: [Register] = []
    for operand in operands { registers.append(try compile(operand)) }
    let types = operands.map(\.type)
    let output = output(expression.type)
    let kernel =
      if let first = types.first, first.isTextual {
        try textKernel(function, types, registers, output)
      } else {
        numberKernel(function, types, registers, output)
      }
    guard let kernel else {
      let signature = types.map(\.sqlName).joined(separator: ", ")
      throw notCompilable("\(function.rawValue)(\(signature))")
    }
    emit(kernel)
    for register in registers { release(register) }
    return output
  }

  private mutating func numberKernel(
    _ function: Function, _ types: [SQLType], _ registers: [Register], _ output: Register
  ) -> (any Kernel)? {
    guard let type = types.first else { return nil }
    switch (function, registers.count) {
    case (.widthBucket, 4): return WidthBucket(operands: registers, output: output)
    case (_, 1): return unaryNumberKernel(function, type, registers[0], output)
    case (.round, 2), (.trunc, 2):
      return NumericRounding(
        rule: function == .round ? .round : .truncate, operand: registers[0], decimals: registers[1],
        output: output)
    case (_, 2): return binaryNumberKernel(function, types, registers[0], registers[1], output)
    default: return nil
    }
  }

  private mutating func unaryNumberKernel(
    _ function: Function, _ type: SQLType, _ operand: Register, _ output: Register
  ) -> (any Kernel)? {
    if type.isInteger {
      let operation: IntegerSign.Operator? =
        switch function {
        case .negate: .negate
        case .abs: .abs
        default: nil
        }
      return operation.map {
        IntegerSign(operation: $0, range: IntegerRange(type), operand: operand, output: output)
      }
    }
    if type.isNumeric {
      if function == .round || function == .trunc {
        return NumericRounding(
          rule: function == .round ? .round : .truncate, operand: operand,
          decimals: literal(.integer(0), .integer), output: output)
      }
      let operation: NumericMap.Operator? =
        switch function {
        case .negate: .negate
        case .abs: .abs
        case .sign: .sign
        case .ceil: .ceil
        case .floor: .floor
        case .sqrt: .squareRoot
        case .exp: .exponential
        case .ln: .naturalLogarithm
        case .log: .commonLogarithm
        default: nil
        }
      return operation.map { NumericMap(operation: $0, operand: operand, output: output) }
    }
    guard type.isFloat else { return nil }
    let operation: FloatMap.Operator? =
      switch function {
      case .negate: .negate
      case .abs: .abs
      case .sign: .sign
      case .round: .round
      case .ceil: .ceil
      case .floor: .floor
      case .trunc: .truncate
      case .sqrt: .squareRoot
      case .exp: .exponential
      case .ln: .naturalLogarithm
      case .log: .commonLogarithm
      default: nil
      }
    return operation.map { FloatMap(operation: $0, operand: operand, output: output) }
  }

  private func binaryNumberKernel(
    _ function: Function, _ types: [SQLType], _ left: Register, _ right: Register, _ output: Register
  ) -> (any Kernel)? {
    if types.allSatisfy(\.isInteger) {
      let operation: IntegerArithmetic.Operator? =
        switch function {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .modulo, .mod: .modulo
        default: nil
        }
      let range = IntegerRange(registers[output.index].type)
      return operation.map {
        IntegerArithmetic(operation: $0, range: range, left: left, right: right, output: output)
      }
    }
    if types.allSatisfy(\.isNumeric) {
      switch function {
      case .add: return NumericArithmetic(operation: .add, left: left, right: right, output: output)
      case .subtract: return NumericArithmetic(operation: .subtract, left: left, right: right, output: output)
      case .multiply: return NumericArithmetic(operation: .multiply, left: left, right: right, output: output)
      case .divide: return NumericFunction(operation: .divide, left: left, right: right, output: output)
      case .modulo, .mod: return NumericFunction(operation: .modulo, left: left, right: right, output: output)
      case .div: return NumericFunction(operation: .wholeQuotient, left: left, right: right, output: output)
      case .power: return NumericFunction(operation: .power, left: left, right: right, output: output)
      case .log: return NumericFunction(operation: .logarithm, left: left, right: right, output: output)
      default: return nil
      }
    }
    guard types.allSatisfy(\.isFloat) else { return nil }
    if function == .power { return FloatPower(left: left, right: right, output: output) }
    let operation: FloatArithmetic.Operator? =
      switch function {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      default: nil
      }
    let isReal = registers[output.index].type == .real
    return operation.map {
      FloatArithmetic(operation: $0, isReal: isReal, left: left, right: right, output: output)
    }
  }

  private mutating func textKernel(
    _ function: Function, _ types: [SQLType], _ registers: [Register], _ output: Register
  ) throws(Fault) -> (any Kernel)? {
    let first = registers[0]
    switch (function, registers.count) {
    case (.lower, 1): return TextMap(operation: .lower, operand: first, output: output)
    case (.upper, 1): return TextMap(operation: .upper, operand: first, output: output)
    case (.initcap, 1): return TextMap(operation: .initcap, operand: first, output: output)
    case (.reverse, 1): return TextMap(operation: .reverse, operand: first, output: output)
    case (.md5, 1): return TextMap(operation: .md5, operand: first, output: output)
    case (.length, 1):
      var operation = TextMeasure.Operator.length
      if case .char = types[0] { operation = .lengthWithoutBlanks }
      return TextMeasure(operation: operation, operand: first, output: output)
    case (.octetLength, 1): return TextMeasure(operation: .octetLength, operand: first, output: output)
    case (.ascii, 1): return TextMeasure(operation: .ascii, operand: first, output: output)
    case (.trim, 1...2), (.btrim, 1...2), (.ltrim, 1...2), (.rtrim, 1...2):
      return TextTrim(
        atStart: function != .rtrim, atEnd: function != .ltrim, operand: first,
        characters: registers.count == 2 ? registers[1] : literal(.text(" "), .text), output: output)
    case (.left, 2): return slice(.left, registers, output)
    case (.right, 2): return slice(.right, registers, output)
    case (.substring, 2...3): return slice(.substring, registers, output)
    case (.position, 2), (.strpos, 2):
      return TextSearch(operation: .position, operand: first, part: registers[1], output: output)
    case (.startsWith, 2):
      return TextSearch(operation: .startsWith, operand: first, part: registers[1], output: output)
    case (.replace, 3), (.translate, 3):
      return TextReplace(
        operation: function == .replace ? .replace : .translate, operand: first, old: registers[1],
        new: registers[2], output: output)
    case (.splitPart, 3):
      return SplitPart(operand: first, separator: registers[1], number: registers[2], output: output)
    case (.lpad, 2...3), (.rpad, 2...3):
      return TextPad(
        operation: function == .lpad ? .left : .right, operand: first, length: registers[1],
        fill: registers.count == 3 ? registers[2] : literal(.text(" "), .text), output: output)
    case (.repeat, 2): return TextRepeat(operand: first, count: registers[1], output: output)
    default: return nil
    }
  }

  private func slice(
    _ operation: TextSlice.Operator, _ registers: [Register], _ output: Register
  ) -> TextSlice {
    TextSlice(
      operation: operation, operand: registers[0], first: registers[1],
      count: registers.count == 3 ? registers[2] : nil, output: output)
  }
}

extension SQLType {
  /// Dates, times and intervals.
  var isMoment: Bool {
    switch self {
    case .date, .timestamp, .timestamptz, .interval: true
    default: false
    }
  }
}
