internal import CLibPQ
internal import Model

/// The parameters of one statement in the form that libpq takes.
struct ParameterList {
  private let parameters: [StatementParameter]

  init(_ parameters: [StatementParameter]) {
    self.parameters = parameters
  }

  /// Sends the statement by the extended protocol, which allows one statement only.
  /// - Returns: libpq's 1, or 0 where it was not sent.
  func send(_ sql: SQLText, _ connection: OpaquePointer) -> Int32 {
    var bytes: [UInt8] = []
    var ranges: [Range<Int>?] = []
    for parameter in parameters {
      let start = bytes.count
      switch parameter {
      case .null:
        ranges.append(nil)
        continue
      case .text(let text):
        bytes += text.utf8
        bytes.append(0)
      case .integer(let number):
        bytes += "\(number)".utf8
        bytes.append(0)
      case .bytes(let block): bytes += block
      }
      ranges.append(start..<bytes.count)
    }
    // One spare byte, so that an empty block has an address: NULL would mean NULL.
    bytes.append(0)
    return bytes.withUnsafeBufferPointer { buffer in
      let values = ranges.map { range in
        range.flatMap { range in
          buffer.baseAddress.map {
            UnsafeRawPointer($0 + range.lowerBound).assumingMemoryBound(to: CChar.self)
          }
        }
      }
      return PQsendQueryParams(
        connection, sql.text, Int32(parameters.count), parameters.map { $0.isBytes ? Self.byteaOID : 0 },
        values, ranges.map { Int32($0?.count ?? 0) }, parameters.map { $0.isBytes ? 1 : 0 }, 0)
    }
  }

  private static let byteaOID: Oid = 17
}

extension StatementParameter {
  fileprivate var isBytes: Bool {
    if case .bytes = self { true } else { false }
  }
}
