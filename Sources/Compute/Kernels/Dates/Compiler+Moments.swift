internal import Expressions
internal import Model

extension Compiler {
  mutating func momentCall(
    _ function: Function, _ operands: [TypedExpression], _ type: SQLType
  ) throws(Fault) -> Register {
    throw notCompilable(function.rawValue)
  }

  mutating func castToMoment(_ from: Register, _ source: SQLType, _ type: SQLType) throws(Fault) -> Register {
    throw notCompilable("a cast from \(source.sqlName) to \(type.sqlName)")
  }
}
