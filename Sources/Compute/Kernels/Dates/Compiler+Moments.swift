internal import Expressions
internal import Model

/// Which kernels compute with dates, times and intervals.
extension Compiler {
  mutating func momentCall(
    _ function: Function, _ operands: [TypedExpression], _ type: SQLType
  ) throws(Fault) -> Register {
    let types = operands.map(\.type)
    switch (function, operands.count) {
    case (.dateTrunc, 2...3), (.extract, 2), (.datePart, 2):
      guard case .text(let name)? = try constantValue(operands[0]), let part = DateTimePart(name) else {
        break
      }
      return try partCall(function, part, operands, type)
    case (.atTimeZone, 2):
      let zone = try namedZone(operands[1])
      let isToLocal = types[0] == .timestamptz
      return try unary(try compile(operands[0]), type) {
        ZoneShift(isToLocal: isToLocal, zone: zone, operand: $0, output: $1)
      }
    case (.makeDate, 3), (.dateBin, 3):
      let registers = try compileAll(operands)
      let output = output(type)
      emit(
        function == .makeDate
          ? MakeDate(operands: registers, output: output) : DateBin(operands: registers, output: output))
      for register in registers { release(register) }
      return output
    case (.toChar, 2):
      let (from, pattern) = (try compile(operands[0]), try compile(operands[1]))
      let output = output(type)
      emit(
        ToChar(type: types[0], zone: zones.session, operand: from, pattern: pattern, output: output))
      release(from, pattern)
      return output
    case (.negate, 1) where types[0] == .interval:
      return try unary(try compile(operands[0]), type) { IntervalNegation(operand: $0, output: $1) }
    case (_, 2):
      guard let operation = Self.momentOperation(function, types) else { break }
      let (left, right) = (try compile(operands[0]), try compile(operands[1]))
      let output = output(type)
      let zone = types.contains(.timestamptz) ? zones.session : nil
      emit(
        MomentArithmetic(
          operation: operation.operation, zone: zone, isOfDates: types.contains(.date),
          left: operation.isSwapped ? right : left,
          right: operation.isSwapped ? left : right, output: output))
      release(left, right)
      return output
    default: break
    }
    let signature = types.map(\.sqlName).joined(separator: ", ")
    throw notCompilable("\(function.rawValue)(\(signature))")
  }

  private mutating func compileAll(_ operands: [TypedExpression]) throws(Fault) -> [Register] {
    var registers: [Register] = []
    for operand in operands { registers.append(try compile(operand)) }
    return registers
  }

  private mutating func partCall(
    _ function: Function, _ part: DateTimePart, _ operands: [TypedExpression], _ type: SQLType
  ) throws(Fault) -> Register {
    let source = operands[1].type
    var zone = source == .timestamptz ? zones.session : nil
    if operands.count == 3 { zone = try namedZone(operands[2]) }
    return try unary(try compile(operands[1]), type) {
      switch function {
      case .dateTrunc: Truncation(part: part, zone: zone, operand: $0, output: $1)
      default:
        PartExtraction(
          part: part, source: source, zone: zone, isDouble: function == .datePart, operand: $0, output: $1)
      }
    }
  }

  /// The zone that a constant operand names.
  private func namedZone(_ operand: TypedExpression) throws(Fault) -> ZoneRules {
    guard case .text(let name)? = try constantValue(operand) else {
      throw notCompilable("a time zone that differs from row to row")
    }
    guard let zone = zones.zone(name) else {
      throw Fault("unknown_time_zone", .config, "There is no time zone called \(name)")
    }
    return zone
  }

  private static func momentOperation(
    _ function: Function, _ types: [SQLType]
  ) -> (operation: MomentArithmetic.Operator, isSwapped: Bool)? {
    let isMoment = types.map { $0 == .timestamp || $0 == .timestamptz }
    let isInterval = types.map { $0 == .interval }
    switch function {
    case .add:
      if types[0] == .date && types[1].isInteger { return (.addDays, false) }
      if types[0].isInteger && types[1] == .date { return (.addDays, true) }
      if types[0].isMoment && isInterval[1] && !isInterval[0] { return (.addInterval, false) }
      if isInterval[0] && types[1].isMoment && !isInterval[1] { return (.addInterval, true) }
      if isInterval[0] && isInterval[1] { return (.addIntervals, false) }
    case .subtract:
      if types[0] == .date && types[1].isInteger { return (.subtractDays, false) }
      if types[0] == .date && types[1] == .date { return (.subtractDates, false) }
      if types[0].isMoment && isInterval[1] && !isInterval[0] { return (.subtractInterval, false) }
      if isMoment[0] && isMoment[1] { return (.subtractMoments, false) }
      if isInterval[0] && isInterval[1] { return (.subtractIntervals, false) }
    case .multiply:
      if isInterval[0] && types[1].isFloat { return (.multiplyInterval, false) }
      if types[0].isFloat && isInterval[1] { return (.multiplyInterval, true) }
    case .divide:
      if isInterval[0] && types[1].isFloat { return (.divideInterval, false) }
    case .age:
      if isMoment[0] && isMoment[1] { return (.age, false) }
    default: break
    }
    return nil
  }

  mutating func castToMoment(
    _ from: Register, _ source: SQLType, _ type: SQLType
  ) throws(Fault) -> Register {
    let zones = zones
    if source.isTextual {
      return try throughText(from, source, type) {
        TextToMoment(type: type, zones: zones, operand: $0, output: $1)
      }
    }
    guard type != .interval, source.isMoment, source != .interval else {
      throw notCompilable("a cast from \(source.sqlName) to \(type.sqlName)")
    }
    return try unary(from, type) {
      MomentCast(source: source, type: type, zone: zones.session, operand: $0, output: $1)
    }
  }
}
