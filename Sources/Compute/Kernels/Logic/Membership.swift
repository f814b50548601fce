internal import Expressions
internal import Model

/// `IN` over constants: looked up in a sorted list.
struct ConstantMembership: UnaryKernel {
  let isNegated: Bool
  let rule: ComparisonRule
  let operand: Register
  /// The list without NULLs, in rising order.
  let list: Column
  let hasNull: Bool
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let to = out.integers
    if case .integers = rule, list.count <= 8 {
      let (lanes, constants, count) = (from.integers, list.integers, list.count)
      rows.forEach { row in
        let value = lanes[row]
        var isFound = false
        for index in 0..<count { isFound = isFound || constants[index] == value }
        to[row] = isFound != isNegated ? 1 : 0
      }
    } else {
      rows.forEach { to[$0] = contains(from, $0) != isNegated ? 1 : 0 }
    }
    guard hasNull else { return }
    // Not found among the known values leaves it unknown whether the NULL would have been it.
    let notFound: Int64 = isNegated ? 1 : 0
    rows.forEach { if to[$0] == notFound { out.setNull($0) } }
  }

  private func contains(_ column: Column, _ row: Int) -> Bool {
    guard column.isValid(row) else { return false }
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      let order = rule.order(column, row, list, middle)
      if order == 0 { return true }
      if order < 0 { high = middle } else { low = middle + 1 }
    }
    return false
  }
}

/// `IN` over expressions: each is evaluated only for the rows that no earlier one equals.
struct Membership: UnaryKernel {
  let isNegated: Bool
  let rule: ComparisonRule
  let operand: Register
  let list: [Block]
  let undecided: Selection
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let to = out.integers
    let (found, notFound): (Int64, Int64) = isNegated ? (0, 1) : (1, 0)
    rows.forEach { to[$0] = notFound }
    var remaining = rows
    for block in list {
      // A NULL is compared too, as in Postgres: an item's fault is a fault.
      undecided.take(remaining) { to[$0] == notFound }
      if undecided.count == 0 { return }
      remaining = undecided.rows
      let candidate = frame.run(block, remaining)
      remaining.forEach { row in
        if from.isNull(row) || candidate.isNull(row) {
          out.setNull(row)
        } else if rule.order(from, row, candidate, row) == 0 {
          out.setValid(row)
          to[row] = found
        }
      }
    }
  }
}

extension Compiler {
  mutating func membership(
    _ operand: TypedExpression, _ list: [TypedExpression], negated: Bool
  ) throws(Fault) -> Register {
    let rule = ComparisonRule(operand.type)
    let type = operand.type
    let operand = try compile(operand)
    let output = output(.boolean)
    defer { release(operand) }
    var constants: [Value] = []
    for item in list {
      guard let value = try constantValue(item) else { break }
      constants.append(value)
    }
    if constants.count == list.count, list.count <= Column.capacity {
      emit(
        ConstantMembership(
          isNegated: negated, rule: rule, operand: operand,
          list: Self.sorted(constants.filter { !$0.isNull }, type, rule),
          hasNull: constants.contains(where: \.isNull), output: output))
      return output
    }
    var blocks: [Block] = []
    for item in list {
      let block = try block(item)
      release(block.result)
      blocks.append(block)
    }
    emit(
      Membership(
        isNegated: negated, rule: rule, operand: operand, list: blocks, undecided: Selection(),
        output: output))
    return output
  }

  private static func sorted(_ values: [Value], _ type: SQLType, _ rule: ComparisonRule) -> Column {
    let unsorted = Column(type)
    for value in values { unsorted.append(value) }
    let order = (0..<values.count).sorted { rule.order(unsorted, $0, unsorted, $1) < 0 }
    let sorted = Column(type)
    for index in order { sorted.append(from: unsorted, index) }
    return sorted
  }
}
