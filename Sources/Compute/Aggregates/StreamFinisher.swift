import Expressions
import Model

/// Makes a holistic aggregate's value of each group from its values in order (`ValueStream`).
protocol StreamFinisher: AnyObject {
  /// A group begins, in row `row` of the result; `count` values will follow where that is known.
  func begin(_ row: Int, count: Int64)
  /// The next value, and how often it came. `key` stands at the ordering columns.
  /// - Throws: `Fault` `damaged_block`, or of class `data` where the value cannot be computed.
  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault)
  /// The group has ended.
  func end(into column: Column, _ row: Int) throws(Fault)
  /// All groups of a batch have ended: what could not be written one by one is written now.
  func flush(into column: Column, rows: Int) throws(Fault)
}

extension StreamFinisher {
  func flush(into column: Column, rows: Int) throws(Fault) {}
}

extension ValueStream {
  /// - Throws: `Fault` `unsupported_aggregate`.
  func makeFinisher() throws(Fault) -> any StreamFinisher {
    switch call.function {
    case .count, .sum, .avg, .stddevPop, .stddevSamp, .varPop, .varSamp:
      return DistinctFinisher(self, try StateKind(call).makeAccumulator())
    case .mode: return ModeFinisher(self)
    case .percentileDisc: return PercentileFinisher(self)
    case .percentileCont: return try InterpolatedPercentileFinisher(self)
    case .topK: return try TopFinisher(self)
    case .stringAgg: return TextListFinisher(self)
    case .arrayAgg: return try ArrayFinisher(self)
    case .min, .max, .boolAnd, .boolOr, .first, .last, .approxCountDistinct, .approxPercentile:
      throw StateKind.unsupported(call)
    }
  }
}
