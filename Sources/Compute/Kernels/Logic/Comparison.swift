internal import Expressions
internal import Model

/// `= <> < <= > >=` over two columns of one type; NULL where either is.
struct Comparison: BinaryKernel {
  enum Operator {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    /// Whether it holds for operands in this order.
    @inline(__always)
    func holds(_ order: Int) -> Bool {
      switch self {
      case .equal: order == 0
      case .notEqual: order != 0
      case .less: order < 0
      case .lessOrEqual: order <= 0
      case .greater: order > 0
      case .greaterOrEqual: order >= 0
      }
    }
  }

  let operation: Operator
  let rule: ComparisonRule
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    let to = out.integers
    switch rule {
    case .integers: compareLanes(rows, left.integers, right.integers, to)
    case .uuids: compareLanes(rows, left.uuids, right.uuids, to)
    case .numerics: compareNumerics(rows, left, right, to)
    case .bytes, .blankPadded:
      guard let constant = ShortText(right, isPadded: isPadded), isEquality else {
        return compareTexts(rows, left, right, to)
      }
      let whenEqual: Int64 = operation == .equal ? 1 : 0
      rows.forEach { to[$0] = constant.equals(left, $0) ? whenEqual : 1 - whenEqual }
    case .doubles, .intervals:
      rows.forEach { row in
        to[row] = operation.holds(rule.order(left, row, right, row)) ? 1 : 0
      }
    }
  }

  private var isEquality: Bool { operation == .equal || operation == .notEqual }

  private var isPadded: Bool {
    if case .blankPadded = rule { true } else { false }
  }

  private func compareTexts(
    _ rows: Rows, _ left: Column, _ right: Column, _ to: UnsafeMutablePointer<Int64>
  ) {
    if isEquality && !isPadded { return compareForEquality(rows, left, right, to) }
    rows.forEach { row in to[row] = operation.holds(rule.order(left, row, right, row)) ? 1 : 0 }
  }

  /// One tight loop per operator.
  @inline(__always)
  private func compareLanes<Lane: Comparable>(
    _ rows: Rows, _ a: UnsafeMutablePointer<Lane>, _ b: UnsafeMutablePointer<Lane>,
    _ to: UnsafeMutablePointer<Int64>
  ) {
    switch operation {
    case .equal: rows.forEach { to[$0] = a[$0] == b[$0] ? 1 : 0 }
    case .notEqual: rows.forEach { to[$0] = a[$0] != b[$0] ? 1 : 0 }
    case .less: rows.forEach { to[$0] = a[$0] < b[$0] ? 1 : 0 }
    case .lessOrEqual: rows.forEach { to[$0] = a[$0] <= b[$0] ? 1 : 0 }
    case .greater: rows.forEach { to[$0] = a[$0] > b[$0] ? 1 : 0 }
    case .greaterOrEqual: rows.forEach { to[$0] = a[$0] >= b[$0] ? 1 : 0 }
    }
  }

  private func compareNumerics(
    _ rows: Rows, _ left: Column, _ right: Column, _ to: UnsafeMutablePointer<Int64>
  ) {
    if left.width == .narrow, right.width == .narrow, let a = left.scale, let b = right.scale {
      if a == b { return compareLanes(rows, left.integers, right.integers, to) }
      if let scalar = constant(right, scale: b, asScale: a) {
        return compare(rows, left.integers, scalar, to)
      }
      if abs(a - b) <= 18 {
        let leftUnit = Int128(TenPowers.int64(max(b - a, 0)))
        let rightUnit = Int128(TenPowers.int64(max(a - b, 0)))
        let (x, y) = (left.integers, right.integers)
        rows.forEach { row in
          let order = Comparing.order(lanes: Int128(x[row]) &* leftUnit, Int128(y[row]) &* rightUnit)
          to[row] = operation.holds(order) ? 1 : 0
        }
        return
      }
    }
    rows.forEach { row in to[row] = operation.holds(rule.order(left, row, right, row)) ? 1 : 0 }
  }

  /// A literal's mantissa at a finer scale; `nil` where it is no literal or does not fit.
  private func constant(_ column: Column, scale: Int, asScale wanted: Int) -> Int64? {
    guard column.isConstant, wanted > scale, wanted - scale <= 18 else { return nil }
    let (scaled, tooBig) = column.integers[0].multipliedReportingOverflow(
      by: TenPowers.int64(wanted - scale))
    return tooBig ? nil : scaled
  }

  private func compare(
    _ rows: Rows, _ a: UnsafeMutablePointer<Int64>, _ b: Int64, _ to: UnsafeMutablePointer<Int64>
  ) {
    switch operation {
    case .equal: rows.forEach { to[$0] = a[$0] == b ? 1 : 0 }
    case .notEqual: rows.forEach { to[$0] = a[$0] != b ? 1 : 0 }
    case .less: rows.forEach { to[$0] = a[$0] < b ? 1 : 0 }
    case .lessOrEqual: rows.forEach { to[$0] = a[$0] <= b ? 1 : 0 }
    case .greater: rows.forEach { to[$0] = a[$0] > b ? 1 : 0 }
    case .greaterOrEqual: rows.forEach { to[$0] = a[$0] >= b ? 1 : 0 }
    }
  }

  /// Lengths first: most unequal texts need no look at their bytes.
  private func compareForEquality(
    _ rows: Rows, _ left: Column, _ right: Column, _ to: UnsafeMutablePointer<Int64>
  ) {
    let whenEqual: Int64 = operation == .equal ? 1 : 0
    rows.forEach { to[$0] = Comparing.areEqual(left, $0, right, $0) ? whenEqual : 1 - whenEqual }
  }
}

extension Compiler {
  mutating func comparison(
    _ operation: Comparison.Operator, _ operands: [TypedExpression]
  ) throws(Fault) -> Register {
    let (left, right) = try comparable(
      try compile(operands[0]), try compile(operands[1]), operands.map(\.type))
    let output = output(.boolean)
    emit(
      Comparison(
        operation: operation, rule: ComparisonRule(operands[0].type), left: left, right: right,
        output: output))
    release(left, right)
    return output
  }
}

/// `IS [NOT] DISTINCT FROM`: equality for which NULL equals NULL; never NULL itself.
struct Distinction: Kernel {
  let isNegated: Bool
  let rule: ComparisonRule
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (left, right, out) = (frame[left], frame[right], frame[output])
    out.hasNulls = false
    let to = out.integers
    rows.forEach { row in
      let (hasLeft, hasRight) = (left.isValid(row), right.isValid(row))
      let isDistinct =
        hasLeft && hasRight ? rule.order(left, row, right, row) != 0 : hasLeft != hasRight
      to[row] = isDistinct != isNegated ? 1 : 0
    }
  }
}

extension Compiler {
  mutating func distinction(
    _ left: TypedExpression, _ right: TypedExpression, negated: Bool
  ) throws(Fault) -> Register {
    let rule = ComparisonRule(left.type)
    let types = [left.type, right.type]
    let (left, right) = try comparable(try compile(left), try compile(right), types)
    let output = output(.boolean)
    emit(Distinction(isNegated: negated, rule: rule, left: left, right: right, output: output))
    release(left, right)
    return output
  }
}
