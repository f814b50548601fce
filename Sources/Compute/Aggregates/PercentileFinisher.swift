import Model

/// `percentile_disc`: the first value whose position in the order is not before the fraction.
final class PercentileFinisher: StreamFinisher {
  private let column: KeyColumn
  private let fraction: Double
  private var rank: Int64 = 0
  private var passed: Int64 = 0
  private var isFound = false
  private let key = ByteWriter()
  private let spelling = ByteWriter()

  init(_ stream: ValueStream) {
    column = stream.layout.columns[stream.orderCount]
    fraction = stream.call.fraction
  }

  func begin(_ row: Int, count: Int64) {
    rank = Percentile.discreteRank(fraction, of: count)
    passed = 0
    isFound = false
  }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    passed += count
    guard !isFound, passed > rank else { return }
    isFound = true
    self.key.removeAll()
    self.key.append(key.rest)
    self.spelling.removeAll()
    self.spelling.append(spelling)
  }

  func end(into result: Column, _ row: Int) throws(Fault) {
    guard isFound else { return result.writeNull(row) }
    var reader = KeyReader(key.bytes)
    try column.decode(&reader, spelling: spelling.bytes, into: result, row)
  }
}
