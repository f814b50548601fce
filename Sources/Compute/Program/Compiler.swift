internal import Expressions
internal import Model

/// Turns typed trees into kernels and hands out their registers.
///
/// Each kind of node adds its own part in an extension beside its kernel.
struct Compiler {
  let zones: ZoneContext
  private(set) var registers: [Column]
  /// Where a column number of an expression is found: `derive` entries take the place of input columns.
  private(set) var columns: [Register]
  private var emitted: [any Kernel] = []
  /// Registers whose value has been used up, to be written again.
  private var free: [Register] = []
  private var temporaries: Set<Register> = []
  private let foldsConstants: Bool

  init(schema: [ColumnSchema], zones: ZoneContext, foldsConstants: Bool = true) {
    self.zones = zones
    self.foldsConstants = foldsConstants
    // The batch's own columns take these places when the program runs.
    registers = schema.map { Column($0.type) }
    columns = schema.indices.map { Register(index: $0) }
  }

  /// Compiles one expression of the program. Its result is kept until the next run.
  mutating func root(_ expression: TypedExpression) throws(Fault) -> Block {
    let block = try block(expression)
    temporaries.remove(block.result)
    return block
  }

  /// Makes later expressions see `register` as column `number`; one behind the last adds a column.
  mutating func define(column number: Int, as register: Register) {
    if number == columns.count {
      columns.append(register)
    } else {
      columns[number] = register
    }
  }

  /// Compiles what is evaluated on its own, for some of the rows.
  mutating func block(_ expression: TypedExpression) throws(Fault) -> Block {
    let outer = emitted
    emitted = []
    let result = try compile(expression)
    let block = Block(kernels: emitted, result: result)
    emitted = outer
    return block
  }

  /// Compiles an expression into the present block.
  mutating func compile(_ expression: TypedExpression) throws(Fault) -> Register {
    if let value = try constant(expression) { return literal(value, expression.type) }
    switch expression.node {
    case .column(let number): return columns[number]
    case .literal(let value): return literal(value, expression.type)
    case .call(let function, let operands): return try call(function, operands, expression)
    case .and(let operands): return try junction(operands, isOr: false)
    case .or(let operands): return try junction(operands, isOr: true)
    case .not(let operand): return try negation(operand)
    case .isNull(let operand, let negated): return try nullTest(operand, negated: negated)
    case .isBoolean(let operand, let value, let negated):
      return try booleanTest(operand, value, negated: negated)
    case .isDistinct(let left, let right, let negated):
      return try distinction(left, right, negated: negated)
    case .inList(let operand, let list, let negated):
      return try membership(operand, list, negated: negated)
    case .conditional(let branches, let otherwise):
      return try conditional(branches, otherwise: otherwise, type: expression.type)
    case .coalesce(let operands): return try coalesce(operands, type: expression.type)
    case .nullIf(let left, let right): return try nullIf(left, right, type: expression.type)
    case .greatest(let operands): return try extreme(operands, isGreatest: true, type: expression.type)
    case .least(let operands): return try extreme(operands, isGreatest: false, type: expression.type)
    case .cast(let operand): return try cast(operand, to: expression.type)
    case .assign(let operand): return try assign(operand, to: expression.type)
    }
  }

  /// A register that holds `value` in every row.
  mutating func literal(_ value: Value, _ type: SQLType) -> Register {
    let column = Column(type)
    column.fill(value)
    registers.append(column)
    return Register(index: registers.count - 1)
  }

  /// A register to write a value of `type` to.
  mutating func output(_ type: SQLType) -> Register {
    if let position = free.firstIndex(where: { registers[$0.index].type == type }) {
      let register = free.remove(at: position)
      temporaries.insert(register)
      return register
    }
    registers.append(Column(type))
    let register = Register(index: registers.count - 1)
    temporaries.insert(register)
    return register
  }

  mutating func emit(_ kernel: any Kernel) { emitted.append(kernel) }

  /// Says that the values in `used` are not read again.
  mutating func release(_ used: Register...) {
    for register in used { release(register) }
  }

  mutating func release(_ register: Register) {
    if temporaries.remove(register) != nil { free.append(register) }
  }

  /// The value of an expression that has no columns; `nil` where it has some, or faults: then its fault
  /// belongs to the rows.
  private func constant(_ expression: TypedExpression) throws(Fault) -> Value? {
    guard foldsConstants, !expression.readsColumns else { return nil }
    if case .literal = expression.node { return nil }
    var inner = Compiler(schema: [], zones: zones, foldsConstants: false)
    let block = try inner.root(expression)
    let program = Program(blocks: [block], compiler: inner)
    program.run([], Rows(count: 1))
    return program.faults.isEmpty ? program.result(0).value(at: 0) : nil
  }

  /// The value of a literal operand or one that folds to a constant, for kernels that prepare for it.
  func constantValue(_ expression: TypedExpression) throws(Fault) -> Value? {
    if case .literal(let value) = expression.node { return value }
    return try constant(expression)
  }

  /// A fault of ours: the checker let through what cannot be computed.
  func notCompilable(_ what: String) -> Fault {
    Fault(
      "not_compilable", .internal, "There is no kernel for \(what)",
      hint: "Compute it in Postgres with add_columns")
  }
}

extension TypedExpression {
  /// Whether any part of the expression is a column.
  var readsColumns: Bool {
    switch node {
    case .column: true
    case .literal: false
    case .call(_, let operands), .and(let operands), .or(let operands), .coalesce(let operands),
      .greatest(let operands), .least(let operands):
      operands.contains(where: \.readsColumns)
    case .not(let operand), .isNull(let operand, _), .isBoolean(let operand, _, _), .cast(let operand),
      .assign(let operand):
      operand.readsColumns
    case .isDistinct(let left, let right, _), .nullIf(let left, let right):
      left.readsColumns || right.readsColumns
    case .inList(let operand, let list, _):
      operand.readsColumns || list.contains(where: \.readsColumns)
    case .conditional(let branches, let otherwise):
      branches.contains { $0.condition.readsColumns || $0.result.readsColumns }
        || otherwise?.readsColumns == true
    }
  }
}
