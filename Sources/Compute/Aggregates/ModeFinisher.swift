import Model

/// `mode()`: the value that came most often; of several, the first in the order.
final class ModeFinisher: StreamFinisher {
  private let column: KeyColumn
  private var most: Int64 = 0
  private let key = ByteWriter()
  private let spelling = ByteWriter()

  init(_ stream: ValueStream) { column = stream.layout.columns[stream.orderCount] }

  func begin(_ row: Int, count: Int64) { most = 0 }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    guard count > most else { return }
    most = count
    self.key.removeAll()
    self.key.append(key.rest)
    self.spelling.removeAll()
    self.spelling.append(spelling)
  }

  func end(into result: Column, _ row: Int) throws(Fault) {
    guard most > 0 else { return result.writeNull(row) }
    var reader = KeyReader(key.bytes)
    try column.decode(&reader, spelling: spelling.bytes, into: result, row)
  }
}

extension KeyReader {
  /// What has not been read yet.
  var rest: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[position...]) }
}
